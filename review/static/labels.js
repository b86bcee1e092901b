// The list of labels is a page of links; nothing runs.
