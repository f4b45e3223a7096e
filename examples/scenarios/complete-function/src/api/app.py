import requests
from aws_lambda_powertools import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext
from shared_utils import setup_logger, validate_event
from shared_utils.response import error, success
from shared_utils.validation import ValidationError

logger = setup_logger(__name__)
tracer = Tracer()


@tracer.capture_lambda_handler
def lambda_handler(event: dict, context: LambdaContext) -> dict:
    try:
        data = validate_event(event, required_fields=["item_id"])
        logger.info("Processing request", extra={"request_id": context.aws_request_id})
        response = requests.get(f"https://api.example.com/items/{data['item_id']}", timeout=5)
        response.raise_for_status()
        return success(response.json())
    except ValidationError as e:
        return error("Validation failed", status_code=400, details=e.errors)
    except requests.RequestException:
        return error("Failed to fetch item", status_code=502)
