"""Templates fit their procedures and say everything in every language."""

import pytest

from vesalius.imaging.reports import say, template, templates_for
from vesalius.imaging.reports.templates import all_templates
from vesalius.imaging.reports.wording import WORDS
from vesalius.kit.errors import NotFound

LANGUAGES = ("en", "fr")


@pytest.mark.parametrize(
    ("modality", "part", "best"),
    [
        ("CT", "HEAD", "cross-sectional"),
        ("MR", None, "cross-sectional"),
        ("CR", "CHEST", "chest-radiograph"),
        ("DX", "chest", "chest-radiograph"),
        ("DX", "HAND", "radiograph"),
        ("ECG", None, "ecg"),
    ],
)
def test_the_best_fitting_comes_first(modality: str, part: str | None, best: str) -> None:
    assert templates_for(modality, part)[0].id == best


def test_every_template_may_be_chosen() -> None:
    assert {t.id for t in templates_for("CT", None)} == set(all_templates())


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_said_in_every_language(language: str) -> None:
    for one in all_templates().values():
        texts = [one.title, *(section.title for section in one.sections)]
        texts += [macro.text for section in one.sections for macro in section.macros]
        assert all(text[language] for text in texts)
        assert any(section.required for section in one.sections)
        ids = [section.id for section in one.sections]
        assert len(ids) == len(set(ids))
    assert set(WORDS[language]) == set(WORDS["en"])


def test_another_language_falls_back_to_english() -> None:
    assert say(template("ecg").title, "ja") == "ECG, 12 leads"


def test_an_unknown_template_is_not_found() -> None:
    with pytest.raises(NotFound):
        template("nothing")
