from .logging import setup_logger
from .response import api_response
from .validation import validate_event

__all__ = ['setup_logger', 'api_response', 'validate_event']
