from typing import Any, Dict, List, Optional

class ValidationError(Exception):
    """Custom exception for validation failures"""
    def __init__(self, errors: List[str]):
        self.errors = errors
        super().__init__(f"Validation failed: {', '.join(errors)}")

def validate_event(
    event: Dict[str, Any],
    required_fields: List[str],
    optional_fields: Optional[List[str]] = None
) -> Dict[str, Any]:
    """
    Validate Lambda event has required fields

    Args:
        event: Lambda event dictionary
        required_fields: List of field names that must be present
        optional_fields: List of allowed optional fields

    Returns:
        Validated and cleaned event data

    Raises:
        ValidationError: If required fields are missing
    """
    errors = []
    validated = {}

    # Parse body if it is a string (API Gateway)
    if 'body' in event and isinstance(event['body'], str):
        import json
        try:
            body = json.loads(event['body'])
        except json.JSONDecodeError:
            raise ValidationError(['Invalid JSON in request body'])
    else:
        body = event.get('body', event)

    # Check required fields
    for field in required_fields:
        if field not in body or body[field] is None:
            errors.append(f"Missing required field: {field}")
        else:
            validated[field] = body[field]

    # Include optional fields if present
    if optional_fields:
        for field in optional_fields:
            if field in body and body[field] is not None:
                validated[field] = body[field]

    if errors:
        raise ValidationError(errors)

    return validated
