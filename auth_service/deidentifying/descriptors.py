"""Clean descriptions by what may stay: words of imaging, and measures with their unit; the rest goes.

A list of names to take out is never complete; a list of words that tell nothing of a person can be short.
"""

import re
import unicodedata

_WORDS = frozenset(
    """
    2d 3d 4d abdomen abdominal abdominopelvic acq acquisition adc ankle angio angiography aorta aortic arm
    arterial artery ascending asl attenuation axial ax b0 bilateral bladder blood body bold bone bones bowel
    brain brainstem breast bronchus calibration cardiac carotid cbf cbv ccta cerebellum cerebral cerebrum
    cervical chest cine cochlea colon contrast contour cor coronal coronary corrected correction csf ct cta
    cyst delayed descending diffusion dixon dorsal dose dti dual dwi ear echo ecg elbow enhanced epi esophagus
    external eye eyes face fast fat fdg femur fiesta field filtered finger flair flash foot fov frame fs fse
    fundus gated gland gradient gray gre grey gtv ctv ptv hand haste head heart hemorrhage high hip hires
    humerus iac image in injection internal inversion iterative joint kernel kidney kidneys knee lateral left
    leg lens lesion lesions liver localiser localizer long low lower lumbar lung lungs lymph mandible map mask
    mastoid mediastinum mip mono mouth mpr mprage mr mra mri muscle native nasal neck nerve node nodule non
    oblique oesophagus opposed optic orbit orbits organ oropharynx out pancreas parenchyma parotid pelvis
    perfusion pet phase plain post pre proton prostate protocol pulmonary quantitative radial reconstruction
    rectum recon reformat registration registered renal repeat resolution respiratory resting rib ribs right
    routine sag sagittal scan scout se section segmentation sella sense sequence series short shoulder sinus
    sinuses skull slice slices small soft space spectroscopy spgr spin spinal spine spleen standard stir
    stomach subtraction survey swi t1 t1w t2 t2w t2star te teeth temporal tendon test thick thigh thin thorax
    thoracic thyroid tibia time tissue tof topogram tr tracheal trachea transverse tse tumor tumour turbo
    uncorrected unenhanced upper ureter urinary us uterus vein venous ventral ventricle vertebra vessel vibe
    volume wall water weighted white whole window with without wrist xa
    abdomen abdominal acquisition aigu artere arteriel artefact avant apres avec axiale bassin bras carotide
    cerveau cervelet cheville coeur colonne contraste coronale corps coude crane cuisse dents diffusion droit
    droite epaule estomac face foie fosse gauche genou graisse hanche haut inferieur injecte injection jambe
    langue lesion lombaire main masque membre mou moelle nez noeud oeil os oreille osseux pancreas parenchyme
    parties pied poitrine poumon poumons rachis rate rein reins reperage sacrum sans sein seins sequence sinus
    superieur tardif temps tete thoracique thyroide tronc tumeur veineux vertebre vessie
    """.split()  # noqa: SIM905 - words are read as words
)
_MEASURE = re.compile(
    r"\d{1,3}(?:[.,]\d{1,2})?(?:mm|cm|ms|s|t|kv|kev)|b(?:0|50|\d{0,2}[05]00?)|[cdlst]\d{1,2}"
)
_TOKEN = re.compile(r"[^\W\d_]+(?:\d{1,4}[^\W\d_]*)?|\d[\d.,]*[^\W\d_]*|[+-]")

LONGEST = 64


def cleaned(text: str) -> str:
    """Return what may stay of a description: its words of imaging, in their order, at most 64 letters."""
    kept = [token for token in _TOKEN.findall(text) if _known(token)]
    while kept and len(" ".join(kept)) > LONGEST:
        kept.pop()
    return " ".join(kept).strip("+- ")


def _known(token: str) -> bool:
    if token in {"+", "-"}:
        return True
    plain = unicodedata.normalize("NFD", token.lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return plain in _WORDS or _MEASURE.fullmatch(token.lower()) is not None
