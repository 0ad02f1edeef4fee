"""Where the hubs are, as the environment has it, and the token of ModelScope. Pure.

    MODELSCOPE_ENDPOINT, MODELSCOPE_API_TOKEN   as for ModelScope's own tools
    OLLAMA_REGISTRY                             the registry in place of registry.ollama.ai, such as a cache of it

That of Hugging Face is in `core.net.credentials`.
"""

from collections.abc import Mapping

from core.net.credentials import Credentials
from core.net.origin import is_loopback, origin_of

MODELSCOPE_DEFAULT = "https://modelscope.cn"
OLLAMA_DEFAULT = "https://registry.ollama.ai"
MODELSCOPE_HOSTS = ("modelscope.cn", "www.modelscope.cn")  # modelscope.ai has accounts of its own
MODELSCOPE_COOKIE = "m_session_id"  # its older addresses read the token there


def modelscope_of(environ: Mapping[str, str]) -> str:
    """Return the hub that ModelScope handles are fetched from, without a final slash."""
    return _endpoint(environ, "MODELSCOPE_ENDPOINT", MODELSCOPE_DEFAULT)


def is_modelscope_mirror(endpoint: str) -> bool:
    """Tell whether an endpoint is neither ModelScope itself nor a server on this machine."""
    try:
        scheme, host, _ = origin_of(endpoint)
    except ValueError:
        return True
    return not is_loopback(host) and (scheme != "https" or host not in MODELSCOPE_HOSTS)


def ollama_of(environ: Mapping[str, str]) -> str:
    """Return the registry that Ollama handles are fetched from, without a final slash."""
    return _endpoint(environ, "OLLAMA_REGISTRY", OLLAMA_DEFAULT)


def _endpoint(environ: Mapping[str, str], name: str, default: str) -> str:
    said = environ.get(name, "").strip().rstrip("/")
    if said and "://" not in said:
        said = f"https://{said}"  # ModelScope's own tools take a bare host
    return said or default


def keep_modelscope_token(credentials: Credentials, environ: Mapping[str, str]) -> str:
    """Keep the ModelScope token of the environment for that hub; return a warning, empty where all is well."""
    token = environ.get("MODELSCOPE_API_TOKEN", "").strip()
    endpoint = modelscope_of(environ)
    if not token:
        return ""
    try:
        if ";" in token or "," in token:
            raise ValueError("the token has characters that no cookie can hold")
        credentials.put(endpoint, token, cookie=MODELSCOPE_COOKIE)
    except ValueError as error:
        return f"The ModelScope token of the environment is not used: {error}."
    return ""
