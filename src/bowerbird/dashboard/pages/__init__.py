"""The pages, one file each: what a page needs, read from the books and put into words; no HTML here."""
