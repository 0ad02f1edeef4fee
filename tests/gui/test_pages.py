"""The page that a handle points at, before its hub was asked."""

import pytest

from core.handles import parse_handle
from gui.outside import handle_page

PAGES = [
    ("org/repo", "", "https://huggingface.co/org/repo"),
    ("org/repo:Q4_0", "https://mirror.example", "https://mirror.example/org/repo"),
    ("tinyllama:gguf", "", "https://huggingface.co/cortexso/tinyllama"),
    ("ms://org/name@v1", "https://mirror.example", "https://modelscope.cn/models/org/name"),
    ("ollama pull tiny", "https://mirror.example", "https://ollama.com/library/tiny:latest"),
    ("ollama://me/tiny:1b", "", "https://ollama.com/me/tiny:1b"),
    ("https://example.org/x.gguf", "", "https://example.org/x.gguf"),
]


@pytest.mark.parametrize(("text", "endpoint", "page"), PAGES)
def test_each_hub_has_its_pages(text: str, endpoint: str, page: str) -> None:
    assert handle_page(parse_handle(text), endpoint) == page
