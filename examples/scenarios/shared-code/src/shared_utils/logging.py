import logging
import json
import os
from datetime import datetime

class JSONFormatter(logging.Formatter):
    """
    Format log records as JSON for CloudWatch Logs Insights
    This makes logs searchable and parseable
    """

    def format(self, record):
        log_entry = {
            'timestamp': datetime.utcnow().isoformat(),
            'level': record.levelname,
            'message': record.getMessage(),
            'logger': record.name,
            'function_name': os.environ.get('AWS_LAMBDA_FUNCTION_NAME', 'local'),
            'request_id': getattr(record, 'request_id', None),
        }

        # Include exception info if present
        if record.exc_info:
            log_entry['exception'] = self.formatException(record.exc_info)

        # Include any extra fields
        if hasattr(record, 'extra'):
            log_entry.update(record.extra)

        return json.dumps(log_entry)

def setup_logger(name, level=None):
    """
    Set up a JSON-formatted logger for Lambda functions

    Args:
        name: Logger name, typically __name__
        level: Log level, defaults to LOG_LEVEL env var or INFO

    Returns:
        Configured logger instance
    """
    logger = logging.getLogger(name)

    # Determine log level from environment or default
    if level is None:
        level = os.environ.get('LOG_LEVEL', 'INFO')
    logger.setLevel(getattr(logging, level.upper()))

    # Remove existing handlers to avoid duplicates
    logger.handlers = []

    # Add JSON formatter handler
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    logger.addHandler(handler)

    return logger
