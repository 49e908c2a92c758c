"""Stores, in which several processes share their worlds; a server in memory has none.

A world in a store is a set of named cells, each a JSON text, with a version that grows with each
commit. Only `mockbatch/world/shared/` knows what the cells mean.

store      the interface of a store, and the values that it returns
location   chooses the store for a URL: `sqlite:///FILE`, `redis://HOST`
sqlite     cells in a file of SQLite, for the processes of one machine
redis      cells in a Redis or Valkey, for many machines; beside it its scripts (Lua),
           client, connection, locks, and blobs for contents that are small
sqlite_connections  a connection to the file for each thread
file_lock  a lock that another process gets at once when its holder dies, and gives up when
           its holder has been stopped
waits      the waits between attempts to acquire a lock
blobs      contents of files in a folder
earlier_blobs  those of a store that has been given another folder for them
late_removal  removes contents some seconds after the last change that used them
failure    the ApiError for a store that cannot be used

To add a store: write a module with a class that has the methods of `Store` (raise the errors of
`failure` for whatever its engine raises), add its scheme to `open_store`, `open_blobs` and
`default_files_folder` in `location`, and its fixture to `tests/stores/conftest.py`, whose tests
then run against it too. Three things are asked of it. A lock is free as soon as the process that
holds it has died, and delays others for seconds only if that process has been stopped. A commit
applies whole or not at all, and is refused if the version is no longer the one that the caller has
seen, so that a lock that was lost without notice does no harm. Every wait for the engine ends after
`WAIT_SECONDS`.
"""
