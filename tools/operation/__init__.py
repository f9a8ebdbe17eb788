"""What goes on beside the runs: duties that are performed again and again."""
