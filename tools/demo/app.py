"""The demo's function: it imports from both layers and says what it found."""

import os
import sys

# The stand-in runs functions in its own interpreter. Without that interpreter's
# libraries, what is imported can only come from the standard library or a layer.
sys.path[:] = [p for p in sys.path if os.path.basename(p) != "site-packages" or "layer_" in p]

import aws_lambda_powertools
import dateutil
import dateutil.parser
import requests
import shared_utils


def handler(event, context):
    shared_utils.setup_logger(__name__)
    data = shared_utils.validate_event(event, ["when"])
    url = requests.Request("GET", "https://example.com/items", params=data).prepare().url
    return shared_utils.api_response(
        200,
        {
            "requests": requests.__version__,
            "dateutil": dateutil.__version__,
            "aws_lambda_powertools": aws_lambda_powertools.shared.version.VERSION,
            "weekday": dateutil.parser.parse(data["when"]).strftime("%A"),
            "url": url,
            "imported_from": sorted({origin(m) for m in (requests, dateutil, aws_lambda_powertools, shared_utils)}),
        },
    )


def origin(module):
    """Names the layer that a module comes from, or the whole path if it is in none."""
    parts = module.__file__.split(os.sep)
    return next((p for p in parts if p.startswith("layer_")), module.__file__)
