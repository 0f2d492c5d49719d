"""Every HTML page: templates, one style, one set of charts.

A page is one file that opens offline, on a phone, in the dark and on paper, and runs no script. It
holds both languages; a switch shows either, or both.

    render          fills a template and writes the page, piece by piece
    charts          axes, plots and bars, as geometry; `charts.html.jinja` draws it
    pdf             a page as a PDF file
    predictions     what was answered to photos
    training        a run: curves, scores, wrong photos
    verification    does the compressed model answer like the float one, camera by camera
    gallery         photos of the verification that were answered differently
    search          ways to compress a run, side by side

In a template a text is a message, `{{ _("photos") }}`, and whatever is printed is escaped: a label
or a file name cannot become markup by being forgotten.
"""
