"""The door of the process that holds a data folder: how other commands of the same user talk to it.

    pulley pull, list, pause ... ──► client ──► one JSON line ──► server.Door ──► desk    (one answer)
                                                                       └───────► errand  (told until all has ended)

A door is TCP on 127.0.0.1 with a token that stands in `holder.json` (mode 0600), not a Unix socket, whose path
length is bounded. A request is one line, answers are lines; `wire` knows their form. Who brings no right token, or
no line in time, gets no answer. `client` knows no engine, so that a command that only asks loads none. An `Errand`
serves a pull of this process as well as one that came in here. The room must not know gui, the API's server or a
terminal.
"""
