"""The message hub as a machine without input and output: mailboxes, receipts, redelivery, verification."""
