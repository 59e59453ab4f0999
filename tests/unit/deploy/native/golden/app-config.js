/* OHIF on this stack. Data come from the page's own origin with the session cookie: no token, no other server. */
window.config = {
  name: "paradim",
  routerBasename: "/ohif",
  /* A series begins at its middle: its first slice is often air, and people would see nothing. */
  extensions: [
    {
      id: "paradim.begin-in-the-middle",
      preRegistration: function (world) {
        const protocols = world.servicesManager.services.hangingProtocolService.protocols;
        protocols.get("default").stages.forEach(function (stage) {
          stage.viewports.forEach(function (viewport) {
            viewport.viewportOptions.initialImageOptions = { preset: "middle" };
          });
        });
      },
    },
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
  /* The session ended while a study was open: sign in again and come back to the same images. */
  httpErrorHandler: function (error) {
    if (error && error.status === 401) {
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
        supportsStow: false,
        supportsFuzzyMatching: false,
        supportsWildcard: true,
        imageRendering: "wadors",
        thumbnailRendering: "wadors",
        enableStudyLazyLoad: true,
        singlepart: "bulkdata,pdf,video",
        bulkDataURI: { enabled: true, relativeResolution: "studies" },
        omitQuotationForMultipartRequest: true,
      },
    },
  ],
};
