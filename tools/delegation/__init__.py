"""What a hierarchy needs on disk and in the workspace: order book, work of workers, finding out whether it is true."""
