import json
from typing import Any, Dict, Optional

def api_response(
    status_code: int,
    body: Any,
    headers: Optional[Dict[str, str]] = None,
    cors: bool = True
) -> Dict:
    """
    Create a standardized API Gateway response

    Args:
        status_code: HTTP status code
        body: Response body (will be JSON serialized)
        headers: Additional headers to include
        cors: Whether to include CORS headers

    Returns:
        API Gateway formatted response dictionary
    """
    response_headers = {
        'Content-Type': 'application/json',
    }

    # Add CORS headers if enabled
    if cors:
        response_headers.update({
            'Access-Control-Allow-Origin': '*',
            'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
            'Access-Control-Allow-Headers': 'Content-Type, Authorization',
        })

    # Merge custom headers
    if headers:
        response_headers.update(headers)

    # Handle body serialization
    if isinstance(body, str):
        serialized_body = body
    else:
        serialized_body = json.dumps(body, default=str)

    return {
        'statusCode': status_code,
        'headers': response_headers,
        'body': serialized_body,
    }


def success(data: Any, status_code: int = 200) -> Dict:
    """Shorthand for successful responses"""
    return api_response(status_code, {'success': True, 'data': data})


def error(message: str, status_code: int = 400, details: Any = None) -> Dict:
    """Shorthand for error responses"""
    body = {'success': False, 'error': message}
    if details:
        body['details'] = details
    return api_response(status_code, body)
