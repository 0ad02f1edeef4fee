"""Every word can be read on every ground."""

import pytest

from gui.style.tokens import DARK, GROUND_TOKENS, LIGHT, MIN_CONTRAST, TEXT_TOKENS, Tokens, contrast

BOTH = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])


@BOTH
@pytest.mark.parametrize("text", TEXT_TOKENS)
@pytest.mark.parametrize("ground", GROUND_TOKENS)
def test_text_is_readable_on_every_ground(tokens: Tokens, text: str, ground: str) -> None:
    assert contrast(getattr(tokens, text), getattr(tokens, ground)) >= MIN_CONTRAST


@BOTH
@pytest.mark.parametrize("ground", ["accent", "accent_hover"])
def test_text_on_the_accent_is_readable(tokens: Tokens, ground: str) -> None:
    assert contrast(tokens.on_accent, getattr(tokens, ground)) >= MIN_CONTRAST


@BOTH
def test_disabled_text_on_a_disabled_primary_button_is_readable(tokens: Tokens) -> None:
    assert contrast(tokens.muted, tokens.track) >= MIN_CONTRAST


@BOTH
@pytest.mark.parametrize("ground", GROUND_TOKENS)
def test_the_outline_of_a_check_box_stands_out(tokens: Tokens, ground: str) -> None:
    assert contrast(tokens.edge, getattr(tokens, ground)) >= 3.0


def test_contrast_spans_one_to_twenty_one_and_is_symmetric() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#5b6472", "#5b6472") == pytest.approx(1.0)
