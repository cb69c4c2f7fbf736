#!/usr/bin/env bash
# Audits the fleet and writes the reports into a folder.
#
#   ./write-reports.sh [folder]
#
# TERRAFORM names another core, for example tofu.
set -euo pipefail
folder=${1:-reports}
terraform=${TERRAFORM:-terraform}

"$terraform" apply -auto-approve -input=false -compact-warnings >&2
mkdir -p "$folder"
"$terraform" output -json reports | python3 -c '
import json, os, pathlib, sys

names = {
    "html": "index.html",
    "json": "audit.json",
    "csv": "audit.csv",
    "openmetrics": "mirror_audit.prom",
    "asff": "asff.json",
    "ocsf": "ocsf.json",
    "aws_config": "aws_config.json",
}
for format, text in json.load(sys.stdin).items():
    path = pathlib.Path(sys.argv[1], names[format])
    # Whoever reads the file meanwhile sees the old one or the new one.
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
' "$folder"
echo "$folder/index.html"
