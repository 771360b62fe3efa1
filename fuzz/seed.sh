#!/usr/bin/env bash
# Fills fuzz/corpus from what the project has: examples, the files of scenarios, test data.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
trustform=${TRUSTFORM:-cargo run --quiet --}
corpus=fuzz/corpus
mkdir -p "$corpus"/{hcl,yaml,format,policy,expression,saved_plan,snapshot,keys,token,terraform_state,explain}

# Every file that a scenario writes, by its ending.
files=$(mktemp -d)
trap 'rm -r "$files"' EXIT
find tests/it/scenarios src/kinds -name '*.txt' -print0 | xargs -0 awk -v out="$files" '
    FNR == 1 { if (file) close(file); file = "" }
    /^=== / { if (file) close(file); file = ""
        if ($2 == "file") { ending = $3; sub(/.*\./, "", ending); if (ending ~ /^[a-z]+$/) file = out "/" (++n) "." ending } next }
    file { print > file }'

small() { find "$@" -size -16k -type f -print0; }
small examples src/kinds "$files" -name '*.hcl' | while IFS= read -r -d '' file; do
    name=$(md5sum <"$file" | cut -c1-16)
    cp "$file" "$corpus/hcl/$name"
    cp "$file" "$corpus/format/$name"
    if grep -q '^\(policy\|waiver\)' "$file"; then cp "$file" "$corpus/policy/$name"; fi
done
small examples "$files" \( -name '*.yaml' -o -name '*.yml' \) | while IFS= read -r -d '' file; do
    cp "$file" "$corpus/yaml/$(md5sum <"$file" | cut -c1-16)"
done
small "$files" -name '*.json' | while IFS= read -r -d '' file; do
    if grep -q '"resources"\|"root_module"' "$file"; then
        cp "$file" "$corpus/terraform_state/$(md5sum <"$file" | cut -c1-16)"
    fi
done
# One file for twenty of the expressions whose answers are known.
awk -F '\t' -v out="$corpus/hcl" '/^[^#]/ && NF == 2 { if (n % 20 == 0) { if (file) { print "}" > file; close(file) } file = out "/terms" n; print "locals {" > file }
    printf "  x%d = %s\n", n++, $1 > file } END { if (file) print "}" > file }' src/config/tests/terraform.txt
grep -rhoE "claims\['[^\"]*'" tests/it/corpus.txt src/kinds tests/it/scenarios | sort -u | head -300 | split -l 2 - "$corpus/expression/pair-"
printf 'policy {\n  leftover_secrets = "remove"\n  allowed_issuers = ["https://*"]\n}\n' >"$corpus/policy/hcl"
printf 'ypolicy:\n  max_deletes: 3\nwaiver:\n  x:\n    rule: leftover-secret\n    reason: r\n    owner: o\n    until: 2027-01-01\n' >"$corpus/policy/yaml"
cp src/keys/testdata/* "$corpus/keys/"
rm -f "$corpus/keys/README.md"
printf '{"alg":"RS256","kid":"x"}\n{"iss":"https://token.actions.githubusercontent.com","sub":"repo:o/r:pull_request","aud":["a"],"exp":1795229486}\nc2lnbmF0dXJl' >"$corpus/token/parts"
printf 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2dpdGxhYi5jb20iLCJzdWIiOiJ4In0.AAAA' >"$corpus/token/jwt"
printf "AADSTS700213: No matching federated identity record found for presented assertion subject 'repo:o/r:ref:refs/heads/main'. Trace ID: 1 Correlation ID: 2 Timestamp: 3" >"$corpus/explain/subject"
printf '{"error":"invalid_client","error_description":"AADSTS70021: No matching federated identity record found"}' >"$corpus/explain/json"
for example in examples/*/; do
    name=$(basename "$example")
    cp -r "$example" "$files/$name"
    $trustform plan "$files/$name" --local --out "$PWD/$corpus/saved_plan/$name" >/dev/null 2>&1 || true
    $trustform apply "$files/$name" --local --auto-approve >/dev/null 2>&1 || true
    $trustform audit "$files/$name" --local --no-network --save "$PWD/$corpus/snapshot/$name" >/dev/null 2>&1 || true
done
find "$corpus" -type f -size +64k -delete
find "$corpus" -mindepth 1 -maxdepth 1 -type d | sort | while read -r target; do
    printf '%5d %s\n' "$(find "$target" -type f | wc -l)" "$(basename "$target")"
done
