"""The steps that bring a library's database from any released version to the newest."""
