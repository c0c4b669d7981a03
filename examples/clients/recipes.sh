#!/usr/bin/env bash
# curl recipes: each line stands for itself. Where the service wants a key, add -H "X-API-Key: …".
set -euo pipefail
BASE=${BASE:-http://127.0.0.1:8000}/v1
FILM=${FILM:-examples/normal.png}
MAPPED=${MAPPED:-examples/viral_pneumonia.png}

# Is it ready?
curl --fail --silent "$BASE/health/ready"

# One radiograph, as a form.
curl --fail --silent -F file=@"$FILM" "$BASE/predict"

# With an operating point, and predictive values for 5 % of patients with COVID-19, in Spanish.
curl --fail --silent -F file=@"$FILM" -F operating_point=screening -F prevalence=0.05 \
    -H "Accept-Language: es" "$BASE/predict"

# The image as the body itself, packed, under an id of yours.
gzip --stdout "$FILM" | curl --fail --silent --data-binary @- -H "Content-Encoding: gzip" \
    -H "Content-Type: application/octet-stream" -H "X-Request-ID: ward-3.42" "$BASE/predict"

# Is it a frontal chest radiograph at all?
curl --fail --silent -F file=@"$FILM" "$BASE/validate"

# Why: the saliency map over the radiograph, or 422 where it does not pass its test on this image.
curl --fail --silent -F file=@"$MAPPED" -H "Accept: image/png" --output map.png "$BASE/explain"

# The report as PDF.
curl --fail --silent -F file=@"$FILM" --output report.pdf "$BASE/report"

# Several radiographs, an answer or a problem for each, a line each as soon as it is there.
curl --fail --silent --no-buffer -F file=@"$FILM" -F file=@"$FILM" \
    -H "Accept: application/x-ndjson" "$BASE/predict/batch"

# Again by itself where the service is busy or starting (curl heeds Retry-After).
curl --fail --silent --retry 5 -F file=@"$FILM" "$BASE/predict"

# What can be chosen.
curl --fail --silent "$BASE/models"
