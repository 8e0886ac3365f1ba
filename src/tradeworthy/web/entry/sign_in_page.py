"""The sign-in page: one self-contained file without scripts, dark and light, as wide as a phone."""

from __future__ import annotations

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
"""What it may load: the mark, and nothing else."""

_DARK = """--bg: #0b1016; --surface: #121921; --raised: #0b1016; --line: #33465a; --ink: #e7eef5; --soft: #a3b3c2;
--accent: #5cc8d7; --accent-ink: #06262c; --bad: #ff6b63; color-scheme: dark;"""
_LIGHT = """--bg: #f1f4f7; --surface: #ffffff; --raised: #ffffff; --line: #8a9aa8; --ink: #13202b; --soft: #4a5b6a;
--accent: #0b6f80; --accent-ink: #ffffff; --bad: #c01f2a; color-scheme: light;"""

_STYLE = """
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 400px);
  justify-content: center; align-content: center; padding: 24px 16px; background: var(--bg);
  color: var(--ink);
  font: 15px/1.5 "Inter", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif; }
main { background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
  padding: 26px 24px 22px; }
.brand { display: flex; align-items: center; gap: 10px; font-weight: 650; }
.brand img { width: 30px; height: 30px; }
h1 { font-size: 21px; font-weight: 650; letter-spacing: -.01em; margin: 20px 0 2px; }
p { margin: 0 0 14px; color: var(--soft); }
label { display: block; font-weight: 550; margin: 0 0 6px; }
input { width: 100%; padding: 11px 12px; border-radius: 8px; border: 1px solid var(--line); background: var(--raised);
  color: var(--ink); font: 15px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
input::placeholder { color: var(--soft); opacity: 1; }
button { width: 100%; margin: 14px 0 0; padding: 11px; border: 0; border-radius: 8px; background: var(--accent);
  color: var(--accent-ink); font: inherit; font-weight: 620; cursor: pointer; }
button:hover { filter: brightness(1.08); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.error { color: var(--ink); border: 1px solid var(--bad); border-left-width: 4px; border-radius: 8px;
  padding: 9px 12px; margin: 0 0 16px; }
.error b { color: var(--bad); }
a { color: var(--accent); }
footer { margin-top: 20px; padding-top: 16px; border-top: 1px solid var(--line); font-size: 13.5px;
  color: var(--soft); }
footer p { margin: 0 0 8px; }
footer p:last-child { margin: 8px 0 0; }
code { display: block; padding: 8px 10px; border-radius: 6px; background: var(--bg); color: var(--ink);
  font: 12.5px ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
"""


def page(theme: str, wanted: str, error: str, known: str) -> str:
    """The page as HTML; all but `theme` (light, dark or "": the system's) has to be escaped already.

    `wanted` is where to go afterwards, `error` why the last try failed, `known` who is signed in already.
    """
    if theme in {"light", "dark"}:
        colours = f":root {{ {_LIGHT if theme == 'light' else _DARK} }}"
    else:
        colours = f":root {{ {_DARK} }} @media (prefers-color-scheme: light) {{ :root {{ {_LIGHT} }} }}"
    said = f'<p class="error" role="alert" id="error"><b>Not signed in.</b> {error}</p>' if error else ""
    here = (
        f'<p>You are signed in as {known}. <a href="{wanted}">Go on</a>, or sign in with another token:</p>'
        if known
        else ""
    )
    described = ' aria-describedby="error" aria-invalid="true"' if error else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in - Tradeworthy</title>
<style>{colours}{_STYLE}</style>
</head>
<body>
<main>
<div class="brand"><img src="/static/mark.svg" alt=""><span>Tradeworthy</span></div>
<h1>Sign in</h1>
{here or "<p>Show a token to see how your desks trade.</p>"}
{said}
<form method="post" action="/sign-in">
<input type="text" name="username" autocomplete="username" value="tradeworthy" hidden>
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autocapitalize="off" spellcheck="false"
  placeholder="tw_..." required autofocus{described}>
<input type="hidden" name="next" value="{wanted}">
<button type="submit">Sign in</button>
</form>
<footer>
<p>No token? Make one where the server runs. It is shown once:</p>
<code>tradeworthy token new NAME --scope read</code>
<p>With <b>--scope operate</b> it may also halt, resume and flatten.</p>
</footer>
</main>
</body>
</html>
"""
