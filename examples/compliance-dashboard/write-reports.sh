#!/usr/bin/env bash
# Audits the fleet and writes the reports into a folder.
#
#   ./write-reports.sh [folder]
#
# TERRAFORM names another core, for example tofu; TF_VAR_as_of another time for
# the reports than the present. It applies nothing but outputs: in a folder that
# has resources to change it stops.
set -euo pipefail
folder=${1:-reports}
terraform=${TERRAFORM:-terraform}

export TF_VAR_as_of=${TF_VAR_as_of:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}

plan=$(mktemp)
trap 'rm -f "$plan"' EXIT
"$terraform" plan -out="$plan" -input=false -compact-warnings >&2
"$terraform" show -json "$plan" | python3 -c '
import json, sys

changed = [
    change["address"]
    for change in json.load(sys.stdin).get("resource_changes", [])
    if change["mode"] == "managed" and change["change"]["actions"] != ["no-op"]
]
if changed:
    sys.exit("This would change " + ", ".join(changed) + ": run it in a folder that has only the audit.")
'
"$terraform" apply -input=false -compact-warnings "$plan" >&2
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
