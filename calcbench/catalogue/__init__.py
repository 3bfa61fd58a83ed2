"""The one door: every problem and backend, built in or third party, comes in through here."""
