"""The dense side of retrieval: a sentence encoder tuned to the dental knowledge base, and what it is compared with."""
