# functions/api/app.py

# Import from the shared-utils layer
from shared_utils import setup_logger, api_response, validate_event
from shared_utils.response import success, error
from shared_utils.validation import ValidationError

# Import from the dependencies layer
import requests
from aws_lambda_powertools import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

# Set up logging and tracing
logger = setup_logger(__name__)
tracer = Tracer()

@tracer.capture_lambda_handler
def lambda_handler(event: dict, context: LambdaContext) -> dict:
    """
    API endpoint handler that processes incoming requests
    Uses shared utilities from Lambda layers
    """
    # Add request ID to all log messages
    request_id = context.aws_request_id
    logger.info('Processing request', extra={'request_id': request_id})

    try:
        # Validate the incoming event
        data = validate_event(
            event,
            required_fields=['item_id'],
            optional_fields=['include_details']
        )

        item_id = data['item_id']
        include_details = data.get('include_details', False)

        # Fetch data from external API using requests from layer
        response = requests.get(
            f'https://api.example.com/items/{item_id}',
            timeout=5
        )
        response.raise_for_status()

        item_data = response.json()

        # Filter response based on options
        if not include_details:
            item_data = {
                'id': item_data['id'],
                'name': item_data['name'],
                'status': item_data['status']
            }

        logger.info(
            'Item retrieved successfully',
            extra={'request_id': request_id, 'item_id': item_id}
        )

        return success(item_data)

    except ValidationError as e:
        logger.warning(
            'Validation failed',
            extra={'request_id': request_id, 'errors': e.errors}
        )
        return error('Validation failed', status_code=400, details=e.errors)

    except requests.RequestException as e:
        logger.error(
            'External API error',
            extra={'request_id': request_id, 'error': str(e)}
        )
        return error('Failed to fetch item', status_code=502)

    except Exception as e:
        logger.exception(
            'Unexpected error',
            extra={'request_id': request_id}
        )
        return error('Internal server error', status_code=500)
