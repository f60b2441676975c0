"""Things that break while VideoAI works, each beside what must hold nevertheless."""
