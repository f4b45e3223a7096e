import idna


def handler(event, context):
    return {"statusCode": 200, "body": idna.encode(event["host"]).decode()}
