"""Can this team run it: what an option asks of people, what the team has, and the plan that closes the gap."""
