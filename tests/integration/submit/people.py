"""The people of these tests, as the items of a delivery."""

ADA = {"id": 1, "v": 1, "name": "Ada Example", "email": "ada@example.com"}
BOB = {"id": 2, "v": 1, "name": "Bob Example", "phone": "030 23125001"}
BAD = {"v": 1, "phone": "12"}
