/* OHIF on this stack. Data come from the page's own origin with the session cookie: no token, no other server. */
const paradimSaving = (function () {
  /*
   * What people draw and save goes into an album: the one that the address names where it holds the images in
   * question, else the only one that he may save in, or that he chooses. An address is no more than a proposal:
   * who sends somebody a link with an album of his own does not get what is drawn on images that are not there.
   *
   * OHIF adds what it saves to its own list first, and says nothing of a refusal: both are put right here.
   */
  const TEXTS = {"en": {"again": "Try again", "cancel": "Cancel", "cancelled": "Nothing was saved.", "close": "Close", "elsewhere": "It cannot be saved in the album \u201c{album}\u201d that this page was opened from: you may not save there, or the album does not hold these images. Save it in:", "existing": "Your right to annotate in the album \u201c{album}\u201d does not let you change a series that is there. Save it as a new series.", "forbidden": "You may not save this in the album \u201c{album}\u201d. Ask one of its owners for the right to annotate. \u201cDownload\u201d in the window before keeps what you have drawn as a file.", "gone": "The album \u201c{album}\u201d is not there for you any more.", "into": "It is in the album \u201c{album}\u201d.", "large": "It is larger than what may be stored here.", "nowhere": "None of the albums that hold these images lets you save in it. Ask one of their owners for the right to annotate. \u201cDownload\u201d in the window before keeps what you have drawn as a file.", "reason": "the archive does not take it (DICOM failure reason {code}H)", "refused": "It was not saved: {why}", "saved": "Saved", "signedout": "Your session has ended. Sign in again in another tab, then try again here: what you have drawn is still there.", "signin": "Sign in (new tab)", "silent": "The archive does not answer, and nothing is known to be saved. What you have drawn is still there: try again in a moment.", "where": "Several albums hold these images. Save it in:"}, "fr": {"again": "R\u00e9essayer", "cancel": "Annuler", "cancelled": "Rien n\u2019a \u00e9t\u00e9 enregistr\u00e9.", "close": "Fermer", "elsewhere": "L\u2019enregistrement est impossible dans l\u2019album \u00ab\u00a0{album}\u00a0\u00bb d\u2019o\u00f9 cette page a \u00e9t\u00e9 ouverte\u00a0: vous ne pouvez pas y enregistrer, ou l\u2019album ne contient pas ces images. Enregistrer dans\u00a0:", "existing": "Votre droit d\u2019annoter dans l\u2019album \u00ab\u00a0{album}\u00a0\u00bb ne permet pas de modifier une s\u00e9rie qui s\u2019y trouve. Enregistrez une nouvelle s\u00e9rie.", "forbidden": "Vous ne pouvez pas enregistrer ceci dans l\u2019album \u00ab\u00a0{album}\u00a0\u00bb. Demandez le droit d\u2019annoter \u00e0 l\u2019un de ses propri\u00e9taires. \u00ab\u00a0Download\u00a0\u00bb, dans la fen\u00eatre pr\u00e9c\u00e9dente, garde vos trac\u00e9s dans un fichier.", "gone": "L\u2019album \u00ab\u00a0{album}\u00a0\u00bb n\u2019est plus l\u00e0 pour vous.", "into": "C\u2019est dans l\u2019album \u00ab\u00a0{album}\u00a0\u00bb.", "large": "C\u2019est plus gros que ce qui peut \u00eatre enregistr\u00e9 ici.", "nowhere": "Aucun des albums qui contiennent ces images ne vous permet d\u2019y enregistrer. Demandez le droit d\u2019annoter \u00e0 l\u2019un de leurs propri\u00e9taires. \u00ab\u00a0Download\u00a0\u00bb, dans la fen\u00eatre pr\u00e9c\u00e9dente, garde vos trac\u00e9s dans un fichier.", "reason": "l\u2019archive ne l\u2019accepte pas (motif DICOM {code}H)", "refused": "Rien n\u2019a \u00e9t\u00e9 enregistr\u00e9\u00a0: {why}", "saved": "Enregistr\u00e9", "signedout": "Votre session est termin\u00e9e. Ouvrez-en une autre dans un nouvel onglet, puis r\u00e9essayez ici\u00a0: vos trac\u00e9s sont toujours l\u00e0.", "signin": "Ouvrir une session (nouvel onglet)", "silent": "L\u2019archive ne r\u00e9pond pas, et rien n\u2019indique que ce soit enregistr\u00e9. Vos trac\u00e9s sont toujours l\u00e0\u00a0: r\u00e9essayez dans un instant.", "where": "Plusieurs albums contiennent ces images. Enregistrer dans\u00a0:"}};
  const SLUG = /^[a-z0-9][a-z0-9-]{0,63}$/;
  const FORBIDDEN = 0x0124;
  const PRESENT = 0x0111;
  const TOO_LARGE = 0xa700;

  /* Read once: OHIF writes addresses of its own as people go on. */
  const named = new URLSearchParams(window.location.search).get("album") || "";
  let language = window.navigator.language;

  /** Something that cannot be saved; whoever tried has been told. */
  class Refused extends Error {}

  /** An answer that is no success, from whichever way it was asked. */
  class Answer extends Error {
    constructor(status, text) {
      super(String(status));
      this.status = status;
      this.text = text;
    }
  }

  function say(key, values) {
    const texts = (language || "").toLowerCase().startsWith("fr") ? TEXTS.fr : TEXTS.en;
    return texts[key].replace(/\{(\w+)\}/g, function (_, name) {
      return values[name];
    });
  }

  async function ask(path, question) {
    const options = question && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(question),
    };
    let answer;
    try {
      answer = await fetch(path, options);
    } catch (error) {
      throw new Answer(0, "");
    }
    if (!answer.ok) {
      throw new Answer(answer.status, await answer.text());
    }
    return answer.json();
  }

  /** Return the SeriesInstanceUIDs that a data set refers to. */
  function referenced(dataset) {
    const found = new Set();
    const seen = new WeakSet();
    (function look(item) {
      seen.add(item);
      Object.entries(item).forEach(function (entry) {
        if (entry[0] === "SeriesInstanceUID" && item !== dataset) {
          found.add(entry[1]);
        }
        /* What it was drawn over may be somebody's of another album; what counts is of which images it is. */
        if (entry[0] === "PredecessorDocumentsSequence") {
          return;
        }
        [].concat(entry[1]).forEach(function (one) {
          const data = one instanceof ArrayBuffer || ArrayBuffer.isView(one);
          if (one && typeof one === "object" && !data && !seen.has(one)) {
            look(one);
          }
        });
      });
    })(dataset);
    found.delete(dataset.SeriesInstanceUID);
    return found;
  }

  /** Return the albums that hold all images in question, and in which the person may save. */
  async function places(dataset) {
    const me = await ask("/api/me");
    language = me.language || language;
    const rows = await ask("/orthanc/tools/find", {
      Level: "Series",
      Query: { StudyInstanceUID: dataset.StudyInstanceUID },
      ResponseContent: ["Labels", "MainDicomTags"],
    });
    const wanted = referenced(dataset);
    return me.albums.filter(function (album) {
      const held = rows
        .filter((row) => row.Labels.includes("album-" + album.slug))
        .map((row) => row.MainDicomTags.SeriesInstanceUID);
      const may = album.actions.includes("annotate") || album.actions.includes("upload");
      return may && held.length > 0 && [...wanted].every((uid) => held.includes(uid));
    });
  }

  /** Show a window over the viewer; return the value of what was chosen, or null. */
  function choose(text, choices, close) {
    const shown = document.createElement("dialog");
    shown.className = "bg-popover text-foreground rounded-lg";
    /* OHIF's own windows switch the pointer off for the page while they close. */
    shown.style.cssText = "margin:auto;max-width:30rem;padding:1.5rem;pointer-events:auto;border:1px solid #3a5a8c";
    const words = document.createElement("p");
    words.id = "paradim-saving";
    words.textContent = text;
    shown.setAttribute("aria-labelledby", words.id);
    const row = document.createElement("div");
    row.style.cssText = "display:flex;flex-wrap:wrap;gap:0.5rem;margin-top:1rem;justify-content:flex-end";
    shown.append(words, row);
    return new Promise(function (resolve) {
      let chosen = null;
      [...choices, { label: close, value: null }].forEach(function (choice) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = choice.label;
        button.className = choice.value === null ? "bg-muted" : "bg-primary text-primary-foreground";
        button.style.cssText = "padding:0.4rem 0.9rem;border-radius:0.3rem";
        button.addEventListener("click", function () {
          if (choice.opens) {
            window.open(choice.opens, "_blank", "noopener");
            return;
          }
          chosen = choice.value;
          shown.close();
        });
        row.append(button);
      });
      shown.addEventListener("keydown", (event) => event.stopPropagation());
      shown.addEventListener("close", function () {
        shown.remove();
        resolve(chosen);
      });
      document.body.append(shown);
      shown.showModal();
    });
  }

  /** Return the album into which a data set goes. */
  async function placeFor(dataset) {
    const found = await places(dataset);
    const meant = found.find((album) => album.slug === named);
    if (meant) {
      return meant;
    }
    if (!found.length) {
      throw new Refused(say("nowhere"));
    }
    if (!named && found.length === 1) {
      return found[0];
    }
    const buttons = found.map((album) => ({ label: album.title, value: album }));
    const question = named ? say("elsewhere", { album: SLUG.test(named) ? named : "?" }) : say("where");
    const chosen = await choose(question, buttons, say("cancel"));
    if (!chosen) {
      throw new Refused(say("cancelled"), { cause: "cancelled" });
    }
    return chosen;
  }

  /** Return a request of OHIF's that names the album. */
  function requestInto(album) {
    if (!SLUG.test(album.slug)) {
      throw new Answer(404, "");
    }
    const request = new XMLHttpRequest();
    const open = request.open;
    request.open = function (method, address) {
      open.call(request, method, address + "?album=" + album.slug, true);
    };
    /* An ended session is told here: going away to sign in would throw away what was drawn. */
    request.staysHere = true;
    return request;
  }

  /** Return the failure reason (0008,1197) in a STOW-RS answer, if there is one. */
  function reasonIn(text) {
    try {
      const answer = JSON.parse(text);
      const failed = answer["00081198"] || answer["0008119A"];
      return failed.Value[0]["00081197"].Value[0];
    } catch (error) {
      return undefined;
    }
  }

  function wordsOf(error, dataset, album, world) {
    const title = album ? album.title : named;
    const reason = reasonIn(error.text);
    if (error.status === 401) {
      return say("signedout");
    }
    if (error.status === 403) {
      return say("forbidden", { album: title });
    }
    if (error.status === 404) {
      return say("gone", { album: title });
    }
    if (error.status === 0 || error.status >= 500 || error.status === 429) {
      return say("silent");
    }
    if (error.status === 413 || reason === TOO_LARGE) {
      return say("large");
    }
    const series = world.servicesManager.services.displaySetService
      .getActiveDisplaySets()
      .filter((one) => one.SeriesInstanceUID === dataset.SeriesInstanceUID && !isOf(one, dataset));
    if (reason === FORBIDDEN) {
      return say(series.length ? "existing" : "forbidden", { album: title });
    }
    if (reason !== undefined) {
      return say("refused", { why: say("reason", { code: reason.toString(16).toUpperCase().padStart(4, "0") }) });
    }
    try {
      return say("refused", { why: JSON.parse(error.text).message });
    } catch (broken) {
      return say("refused", { why: String(error.status) });
    }
  }

  function isOf(displaySet, dataset) {
    const uids = [displaySet.SOPInstanceUID, displaySet.instance && displaySet.instance.SOPInstanceUID];
    return uids.includes(dataset.SOPInstanceUID);
  }

  /** Take what was not saved out of OHIF's list, where it stands already as if it were. */
  function forget(world, dataset) {
    const service = world.servicesManager.services.displaySetService;
    service
      .getActiveDisplaySets()
      .filter((one) => isOf(one, dataset))
      .forEach((one) => service.deleteDisplaySet(one.displaySetInstanceUID));
  }

  /** Store a data set in an album, trying until it is there or the person gives up. */
  async function save(world, store, dataset, dicomDict) {
    const unanswered = new Set();
    for (;;) {
      let album = null;
      let problem;
      try {
        album = await placeFor(dataset);
        await store(dataset, requestInto(album), dicomDict);
        return album;
      } catch (error) {
        if (error instanceof Refused) {
          if (error.cause !== "cancelled") {
            await choose(error.message, [], say("close"));
          }
          throw error;
        }
        problem = error instanceof Answer ? error : new Answer(error.status, error.response);
        if (problem.status === undefined) {
          const words = say("refused", { why: error.message });
          await choose(words, [], say("close"));
          throw new Refused(words);
        }
      }
      /* Nobody else has this identifier: an earlier try had come through, and its answer had not. */
      if (reasonIn(problem.text) === PRESENT && unanswered.has(album.slug)) {
        return album;
      }
      if (album && (problem.status === 0 || problem.status >= 500)) {
        unanswered.add(album.slug);
      }
      const words = wordsOf(problem, dataset, album, world);
      const choices = [{ label: say("again"), value: "again" }];
      if (problem.status === 401) {
        choices.unshift({ label: say("signin"), opens: "/auth/signin" });
      }
      if (!(await choose(words, choices, say("close")))) {
        throw new Refused(words);
      }
    }
  }

  /* Of what was told in a window, nobody has to be told in the console. */
  window.addEventListener("unhandledrejection", function (event) {
    if (event.reason instanceof Refused) {
      event.preventDefault();
    }
  });

  /** Tell whether an ended session must not lead away from here, and tell the person where he has drawn something. */
  let telling = false;
  function staysHere(error) {
    if (error.request && error.request.staysHere) {
      return true;
    }
    const services = window.services;
    const drawn =
      services &&
      (services.measurementService.getMeasurements().length > 0 ||
        services.segmentationService.getSegmentations().length > 0);
    if (drawn && !telling) {
      telling = true;
      const choices = [{ label: say("signin"), opens: "/auth/signin" }];
      choose(say("signedout"), choices, say("close")).then(function () {
        telling = false;
      });
    }
    return Boolean(drawn);
  }

  const extension = {
    id: "paradim.save-into-albums",
    onModeEnter: function (world) {
      const source = world.extensionManager.getDataSources("orthanc")[0];
      if (!source.store.intoAlbums) {
        const store = source.store.dicom;
        source.store.intoAlbums = true;
        source.store.dicom = async function (dataset, request, dicomDict) {
          let album;
          try {
            album = await save(world, store, dataset, dicomDict);
          } catch (error) {
            forget(world, dataset);
            throw error;
          }
          world.servicesManager.services.uiNotificationService.show({
            title: say("saved"),
            message: say("into", { album: album.title }),
            type: "success",
            duration: 6000,
          });
        };
      }
      /* Who edits what somebody saved makes a series of his own, if he does not choose otherwise. */
      const customization = world.servicesManager.services.customizationService;
      const Dialog = customization.getCustomization("ohif.createReportDialog");
      if (Dialog && !Dialog.beginsAnew) {
        const Anew = function (props) {
          return Dialog(Object.assign({}, props, { predecessorImageId: undefined }));
        };
        Anew.beginsAnew = true;
        customization.setCustomizations({ "ohif.createReportDialog": { $set: Anew } });
      }
    },
  };
  return { extension: extension, staysHere: staysHere };
})();
window.config = {
  name: "paradim",
  routerBasename: "/ohif",
  /* A series begins at its middle: its first slice is often air, and people would see nothing. */
  extensions: [
    {
      id: "paradim.begin-in-the-middle",
      preRegistration: function (world) {
        const protocols = world.servicesManager.services.hangingProtocolService.protocols;
        /* The second one is what segmentations are drawn in. */
        ["default", "@ohif/mnGrid"].forEach(function (name) {
          protocols.get(name).stages.forEach(function (stage) {
            stage.viewports.forEach(function (viewport) {
              viewport.viewportOptions.initialImageOptions = { preset: "middle" };
            });
          });
        });
      },
    },
    paradimSaving.extension,
  ],
  modes: [],
  customizationService: {},
  showStudyList: false,
  showWarningMessageForCrossOrigin: true,
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  investigationalUseDialog: { option: "never" },
  maxNumberOfWebWorkers: 3,
  maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 10 },
  whiteLabeling: {
    createLogoComponentFn: function (React) {
      return React.createElement(
        "a",
        {
          href: "/portal/",
          target: "_self",
          rel: "noopener",
          className: "text-white no-underline",
          style: { fontWeight: 600, letterSpacing: "0.08em", padding: "0 0.5rem" },
        },
        "PARADIM"
      );
    },
  },
  /* The session ended while a study was open: sign in again and come back to the same images, if nothing is lost. */
  httpErrorHandler: function (error) {
    if (error && error.status === 401 && !paradimSaving.staysHere(error)) {
      window.location.href =
        "/auth/signin" +
        "?next=" + encodeURIComponent(window.location.pathname + window.location.search);
    }
  },
  defaultDataSourceName: "orthanc",
  dataSources: [
    {
      namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
      sourceName: "orthanc",
      configuration: {
        friendlyName: "PARADIM",
        name: "orthanc",
        qidoRoot: "/dicom-web",
        wadoRoot: "/dicom-web",
        wadoUriRoot: "/dicom-web",
        qidoSupportsIncludeField: false,
        supportsReject: false,
        supportsStow: true,
        supportsFuzzyMatching: false,
        supportsWildcard: true,
        imageRendering: "wadors",
        thumbnailRendering: "wadors",
        enableStudyLazyLoad: true,
        singlepart: "bulkdata,pdf,video",
        bulkDataURI: { enabled: true, relativeResolution: "studies" },
        omitQuotationForMultipartRequest: true,
        /* Label maps in RLE, which OHIF would write, are read by few other programs yet. */
        segmentation: { store: { defaultMode: "bitmap", transferSyntaxUID: "1.2.840.10008.1.2.1" } },
      },
    },
  ],
};
