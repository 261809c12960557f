"""The words of the printed report that are not the reader's own."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "patient": "Patient",
        "born": "Born",
        "sex": "Sex",
        "mrn": "Record number",
        "study": "Study",
        "date": "Date of study",
        "accession": "Accession number",
        "requester": "Requested by",
        "male": "male",
        "female": "female",
        "other": "other",
        "unknown": "unknown",
        "conclusion": "Conclusion",
        "critical": "Critical result",
        "follow_up": "Recommended follow-up",
        "addendum": "Addendum by {author}, {when}",
        "signed": "Signed electronically by {author}, {when}",
        "preliminary": "PRELIMINARY REPORT",
        "amended": "AMENDED REPORT, replaces the earlier one",
        "appended": "REPORT WITH ADDENDUM",
        "final": "",
        "page": "Page {number} of {total}",
        "report": "Report",
    },
    "fr": {
        "patient": "Patient",
        "born": "Né(e) le",
        "sex": "Sexe",
        "mrn": "Numéro de dossier",
        "study": "Examen",
        "date": "Date de l'examen",
        "accession": "Numéro d'accession",
        "requester": "Demandé par",
        "male": "masculin",
        "female": "féminin",
        "other": "autre",
        "unknown": "inconnu",
        "conclusion": "Conclusion",
        "critical": "Résultat critique",
        "follow_up": "Suivi recommandé",
        "addendum": "Complément de {author}, {when}",
        "signed": "Signé électroniquement par {author}, {when}",
        "preliminary": "COMPTE RENDU PROVISOIRE",
        "amended": "COMPTE RENDU MODIFIÉ, remplace le précédent",
        "appended": "COMPTE RENDU AVEC COMPLÉMENT",
        "final": "",
        "page": "Page {number} sur {total}",
        "report": "Compte rendu",
    },
}


def words(language: str) -> Mapping[str, str]:
    """The words in a language, else in English."""
    return WORDS.get(language, WORDS["en"])
