"""``cim-adapter validate``: what is wrong with XML files, told to the people who write them.

    sources ─► documents ─► recognise ─► XSD ─► meaning ─► remarks ─► text, json, junit, html
               (.gz, .zip,     (SOAP,     (mend and look     (what no XSD
                stdin)       envelope,     again, until       can say)
                              payload)     nothing is new)

A file is read, never written. What is larger than memory is validated as a stream.
"""
