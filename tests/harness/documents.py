"""Resource documents as tests need them, as YAML text."""
from textwrap import dedent

FAST_RETRY = "{attempts: 3, base: 1ms, most: 2s}"


def upstream(name: str, url: str, provider: str = "openai", extra: str = "") -> str:
    base = url if provider == "anthropic" else f"{url}/v1"
    return dedent(f"""\
        ---
        kind: Upstream
        name: {name}
        provider: {provider}
        base_url: {base}
        credential: {{env: UPSTREAM_KEY}}
        """) + (extra + "\n" if extra else "")


def model(name: str, *targets: str, retry: str = FAST_RETRY, extra: str = "") -> str:
    """`targets` as `{upstream: a, model: b}`, or the name of an upstream alone."""
    items = [t if t.startswith("{") else f"{{upstream: {t}}}" for t in targets]
    text = f"---\nkind: Model\nname: {name!r}\nretry: {retry}\ntargets:\n"
    text += "".join(f"- {item}\n" for item in items)
    return text + (extra + "\n" if extra else "")


def deployment(name: str, weights: str = "$NARU_MODEL", extra: str = "") -> str:
    text = f"---\nkind: Deployment\nname: {name}\nweights: {weights}\n"
    return text + (extra + "\n" if extra else "")
