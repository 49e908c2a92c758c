"""Checks any server of the Batch API over HTTP: `mockbatch contract`.

`cases/` says what a server must do, in one JSON file for each group of cases. `preparations/` has
the steps with which several cases begin. No module here knows how mockbatch works.

- `cases` loads both; `docs` renders them as docs/contract.md.
- `preflight` checks that there is a Batch API at the URL; then `runner` runs the cases, and
  `report` formats the results, `junit` as JUnit XML.
- `preparing` runs the preparations of a case.
- `steps` runs the steps of a case: `request` sends one, `batch_polling` waits for a batch,
  `webhook_inbox` receives webhooks, `placeholders` carries values from one step to the next.
- `expectations` compares a response with what a step expects: `differences` the JSON of a body,
  `contents` its bytes and lines; `wording` describes what is wrong.
- `client` sends the requests; `cleanup` deletes what they create; `errors` has the exceptions.
"""
