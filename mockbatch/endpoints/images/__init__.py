"""What the endpoints that generate images share: `images_generations` and `images_edits`.

- `response`: checks requests against the model, and builds the response.
- `models`: the sizes, qualities and parameters that each model accepts.
- `png`: generates the images; other formats with Pillow.
"""
