"""Mirrors, the pure part: which addresses are taken, what a detour does to one, which of several is taken."""

import pytest

from core.net.mirrors import Answer, Choice, Detour, choose, leave, read_mirror

HUB = "https://huggingface.co"
A, B, C = "https://a.example", "https://b.example", "https://c.example"


@pytest.mark.parametrize(
    ("text", "url", "wrong"),
    [
        (" hf-mirror.com ", "https://hf-mirror.com", ""),
        ("https://HF-Mirror.com/", "https://hf-mirror.com", ""),
        ("https://models.example:8443/hub/", "https://models.example:8443/hub", ""),
        ("http://localhost:8080", "http://localhost:8080", ""),
        ("http://127.0.0.1:1", "http://127.0.0.1:1", ""),
        ("", "", "empty"),
        ("   ", "", "empty"),
        ("http://mirror.example", "", "scheme"),
        ("ftp://mirror.example", "", "scheme"),
        ("https://jan:secret@mirror.example", "", "credentials"),
        ("https://huggingface.co", "", "hub"),
        ("https://hf.co/x", "", "hub"),
        ("https://mirror.example?x=1", "", "address"),
        ("https://mirror.example/#x", "", "address"),
        ("https://mirror.example/../x", "", "address"),
        ("https://mirror.example:0", "", "address"),
        ("https://mirror.example:99999", "", "address"),
        ("https://mirror .example", "", "address"),
        ("https://[mirror", "", "address"),
        ("https://mirrör.example", "", "address"),
        ("https://" + "a" * 300, "", "address"),
    ],
)
def test_an_address_of_a_mirror_is_taken_as_people_write_it(text: str, url: str, wrong: str) -> None:
    assert read_mirror(text) == (url, wrong)
    assert not url or read_mirror(url) == (url, ""), "what is kept is taken again"


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (f"{HUB}/a/b/resolve/main/x", "https://m.example/hub/a/b/resolve/main/x"),
        (f"{HUB}?x=1", "https://m.example/hub?x=1"),
        (HUB, "https://m.example/hub"),
        ("https://huggingface.company.example/a", "https://huggingface.company.example/a"),
        ("https://cdn.example/a", "https://cdn.example/a"),
        ("https://m.example/hub/a", "https://m.example/hub/a"),
    ],
)
def test_only_what_is_of_the_hub_takes_the_detour(url: str, asked: str) -> None:
    assert Detour(HUB, "https://m.example/hub").of(url) == asked


def test_a_link_of_the_mirror_to_itself_is_read_as_one_of_the_hub() -> None:
    detour = Detour(HUB, "https://m.example/hub")
    assert (
        detour.back('<https://m.example/hub/api/x?cursor=1>; rel="next"') == f'<{HUB}/api/x?cursor=1>; rel="next"'
    )
    assert detour.back(f'<{HUB}/api/x>; rel="next"') == f'<{HUB}/api/x>; rel="next"'


@pytest.mark.parametrize(
    ("present", "seconds", "chosen", "reason"),
    [
        (HUB, {HUB: 0.5, A: 0.2}, A, "fastest"),
        (HUB, {HUB: 0.5, A: 0.4}, HUB, "kept"),
        (HUB, {HUB: 0.06, A: 0.02}, HUB, "kept"),
        (A, {HUB: 0.5, A: 0.2}, A, "fastest"),
        (A, {HUB: 0.2, A: 0.25}, A, "kept"),
        (A, {HUB: 0.2, A: None}, HUB, "fastest"),
        (A, {HUB: None, A: 0.9}, A, "fastest"),
        (A, {HUB: None, A: None}, A, "none"),
        (A, {}, A, "none"),
        (C, {HUB: 0.3, A: 0.3}, HUB, "fastest"),
    ],
)
def test_the_present_place_stays_unless_it_breaks_or_another_is_clearly_faster(
    present: str, seconds: dict[str, float | None], chosen: str, reason: str
) -> None:
    answers = [Answer(place, took, "" if took is not None else "silent") for place, took in seconds.items()]
    choice = choose(present, answers)
    assert (choice.place, choice.reason) == (chosen, reason) and choice.answers == tuple(answers)


def test_two_places_of_nearly_the_same_speed_do_not_take_turns() -> None:
    place = HUB
    for first, second in ((0.30, 0.28), (0.28, 0.30), (0.25, 0.30), (0.30, 0.25)):
        place = choose(place, [Answer(HUB, first), Answer(A, second)]).place
    assert place == HUB


def test_a_place_that_breaks_is_left_for_the_next_of_the_last_answers() -> None:
    choice = Choice(A, "fastest", (Answer(HUB, 0.5), Answer(A, 0.1), Answer(B, 0.3), Answer(C, None, "web")))
    second = leave(choice)
    assert (second.place, second.reason) == (B, "left") and second.answers[1] == Answer(A, None, "left")
    third = leave(second)
    assert (third.place, third.reason) == (HUB, "left")
    last = leave(third)
    assert (last.place, last.reason) == (HUB, "none") and leave(last) == last, "then it stays where it is"
