"""OpenAI's routes, under `/v1`; every module with a `blueprint` here is registered automatically.

files               files, and their contents
uploads             files that are uploaded in parts
batches             batches
live_calls          the endpoints a batch can name, called directly
models              models
webhook_endpoints   webhook endpoints, and the event types they can subscribe to
"""
