"""The command line: its commands, whose flags come from settings.py.

What a command does is imported when it is known which one: `pull` must not pay for the server's imports.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import fields
from pathlib import Path

from slipway_runtime.commands.exits import exit_codes_text
from slipway_runtime.commands.termination import write_termination_message
from slipway_runtime.errors import SettingsFault
from slipway_runtime.settings import (
    PREFIX,
    CommonSettings,
    ConvertSettings,
    PullSettings,
    ServeSettings,
    env_name,
    flag_name,
    load,
    termination_log,
)

_EPILOG = f"""\
Every flag has the environment variable shown with it; the flag wins.
Credentials go by their vendors' names:
  s3:        AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL
  gs:        GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT_KEY, STORAGE_EMULATOR_HOST
  az: abfs:  AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN,
             AZURE_STORAGE_CONNECTION_STRING, AZURE_CLIENT_ID ..., AZURE_STORAGE_ENDPOINT
  hf:        HF_TOKEN, HF_ENDPOINT
  oci:       DOCKER_AUTH_CONFIG, DOCKER_CONFIG

exit codes:
{exit_codes_text()}
"""
_URI_HELP = (
    "file:PATH, http(s)://HOST/FILE, s3://BUCKET/KEY, gs://BUCKET/KEY, az://CONTAINER/PATH, "
    "abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH, hf://ORGANISATION/MODEL@REVISION or "
    "oci://HOST/REPOSITORY:TAG: a file, a folder of files, or an archive (.tar .tar.gz .tgz .tar.zst .zip)"
)
_DIGEST_HELP = "Print sha256: of a file's bytes, or of a folder's manifest of its files."


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = build_parser()
    given = vars(parser.parse_args(arguments))
    command = given.pop("command")
    try:
        if command == "digest":
            from slipway_runtime.commands.digest import digest  # noqa: PLC0415 # see above

            return digest(given["path"])
        if command == "pull":
            from slipway_runtime.commands.pull import pull  # noqa: PLC0415 # see above

            return pull(given.pop("uri"), given.pop("dest"), load(PullSettings, given, os.environ))
        if command == "convert":
            from slipway_runtime.commands.convert import convert  # noqa: PLC0415 # see above

            return convert(given.pop("source"), given.pop("dest"), load(ConvertSettings, given, os.environ))
        settings = load(ServeSettings, given, os.environ)
        settings.check()
        from slipway_runtime.commands.serve import serve  # noqa: PLC0415 # see above

        return serve(settings)
    except SettingsFault as fault:
        _report(given.get("termination_log"), fault)
        parser.exit(2, f"slipway-runtime {command}: {fault.message}\n")


def _report(flag: str | None, fault: SettingsFault) -> None:
    """A pod's status shows why its container ended, also when a setting was impossible."""
    path = flag or os.environ.get(PREFIX + "TERMINATION_LOG", "")
    write_termination_message(termination_log(CommonSettings(path)), fault.reason, fault.message)


def build_parser() -> argparse.ArgumentParser:
    """All commands with all their flags."""
    parser = argparse.ArgumentParser(
        prog="slipway-runtime",
        description="Fetch a machine-learning model from its URI and serve it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="serve | pull | convert | digest")
    serve = _command(commands, "serve", "serve a model that is on disk, or fetch it first", ServeSettings)
    serve.usage = "slipway-runtime serve (--model-dir DIR | --model-uri URI) --model-name NAME [flags]"
    pull = _command(
        commands, "pull", "fetch a model into a folder, verified and all or nothing", PullSettings
    )
    pull.add_argument("uri", metavar="URI", help=_URI_HELP)
    pull.add_argument("dest", metavar="DEST", help="folder to put the model into; made when it is missing")
    convert = _command(
        commands,
        "convert",
        "convert a model of scikit-learn, XGBoost or LightGBM to ONNX, if that is exact",
        ConvertSettings,
    )
    convert.add_argument("source", metavar="SOURCE", help="folder (or file) with the model")
    convert.add_argument("dest", metavar="DEST", help="folder for the result, for serve --converted-dir")
    digest = commands.add_parser(
        "digest", help="print the digest that pins a model on this machine", description=_DIGEST_HELP
    )
    digest.add_argument("path", metavar="PATH", type=Path, help="file or folder")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    what: str,
    kind: type[ServeSettings | PullSettings | ConvertSettings],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for setting in fields(kind):
        default = f"; default {setting.default}" if setting.default not in ("", False) else ""
        text = f"{setting.metadata['help']}{default} [{env_name(setting)}]".replace("%", "%%")
        if setting.default is False:
            parser.add_argument(
                flag_name(setting), dest=setting.name, action="store_const", const="true", help=text
            )
        else:
            metavar = setting.name.rsplit("_", maxsplit=1)[-1].upper()
            parser.add_argument(flag_name(setting), dest=setting.name, metavar=metavar, help=text)
    return parser


def run() -> None:
    """The program's entry point."""
    sys.exit(main())
