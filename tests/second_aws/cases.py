"""What the senders of every kind send to the deployed relay."""

CASES = {
    "activecampaign": "update.txt",
    "attio": "person-created.json",
    "calcom": "booking-created.json",
    "calendly": "invitee-created.json",
    "close": "contact-created.json",
    "cloudevents": "contact-updated.json",
    "dataverse": "contact-created.json",
    "hubspot": "contact-properties-changed.json",
    "hubspot_workflow": "contact.json",
    "json": "batch.json",
    "pipedrive": "person-created.json",
    "salesforce_cdc": "contact-created.json",
    "salesforce_flow": "contact-changed.json",
    "salesforce_outbound": "contacts-changed.xml",
    "shopify": "customer-updated.json",
    "standard_webhooks": "contact-created.json",
    "zoho": "contact-updated.json",
}
"""Kind → what one of its senders sends, from events/."""
READ_AT_THE_CRM = {"attio"}
"""Its webhooks only name records, and the relay has no token to read them."""
