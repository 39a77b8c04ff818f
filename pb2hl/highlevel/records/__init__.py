"""One port a kind of HighLevel record: create, get, update, delete, pages, find; and the reference of their payloads.

The payload of a create or update is exactly the JSON body that HighLevel documents, with three additions:
`"$url"` (ids that belong into the path or query), `"$file"` (`{"path", "name", "mime"}`, a local file to upload) and, for
businesses, `"customFields"`. `locationId` never has to stand in a payload: a port adds it where the endpoint takes it and
leaves it out where it is refused. Values that are None are sent as null (HighLevel clears the field); leave keys out instead.

| Target | payload |
|---|---|
| OBJECT | `{"labels": {"singular", "plural"}, "key": "custom_objects.perfect_books_rates", "description"?, "primaryDisplayPropertyDetails": {"key", "name", "dataType"}}` |
| FOLDER | `{"objectKey": "business" or the key of a custom object, "name": "Perfect Books"}` |
| FIELD of contact, opportunity | `{"model": "contact" or "opportunity", "name", "dataType", "options": ["A", "B"]?, "placeholder"?, "position"?, "acceptedFormat": [".pdf"]?, "isMultipleFile"?, "maxNumberOfFiles"?}` |
| FIELD of business or custom object | `{"objectKey": "business", "name", "dataType", "fieldKey": "business.perfect_books_id", "parentId": <folder id>, "showInForms": true, "options": [{"key", "label"}]?}` |
| TAG | `{"name"}` |
| PIPELINE | `{"name", "stages": [{"name", "position": 0, "stageWinProbability": 0-100?, "showInFunnel"?, "showInPieChart"?}], "useOpportunityProbability"?, "showInFunnel"?, "showInPieChart"?}` |
| CALENDAR | `{"name", "description"?, "calendarType": "round_robin"?, "teamMembers": [{"userId", "priority": 0.5}]?, "isActive"?, "slotDuration"?, …}` |
| MEDIA | `{"$file": {"path", "name", "mime"}, "name": <a name that no other operation uses: it is the marker>}` |
| BUSINESS | `{"name", "phone"?, "email"?, "website"?, "address"?, "city"?, "state"?, "postalCode"?, "country"?, "description"?, "customFields": [{"key": <fieldKey>, "value": …}]?}` |
| CONTACT | the body of POST /contacts/: `{"firstName", …, "tags": [], "customFields": [{"id", "fieldValue"}], "dnd", "dndSettings"}` |
| CONTACT_TAGS | `{"$url": {"contactId"}, "tags": []}` |
| LINK | `{"businessId", "contactId"}`; many at once: `contacts.link(client, business_id, contact_ids)` |
| FILE | `{"$url": {"contactId", "fieldId"}, "$file": {"path", "name", "mime"}}` |
| OPPORTUNITY | the body of POST /opportunities/, plus `lostReasonId`? (sent by a following PUT …/status: one request more). The spec has no `source`: put it into a custom field |
| NOTE on a contact | `{"$url": {"contactId"}, "body", "userId"?, "title"?}` |
| NOTE on several records | `{"$url": {"contactId", "opportunityId"?, "businessId"?}, "body", "userId"?}` (the Notes API; an id that is "" is left out) |
| NOTE on a business | `{"$url": {"businessId"}, "body", "userId"?}` (the Notes API; give `userId` whenever one is known) |
| TASK | `{"$url": {"contactId"}, "title", "dueDate", "completed", "body"?, "assignedTo"?}` |
| RELATION | `{"$url": {"recordId"}, "associationId", "firstRecordId", "secondRecordId"}` (`relations.between`) |
| CONVERSATION | `{"contactId"}` |
| MESSAGE | `{"$url": {"contactId"}, "conversationId", "type": "SMS"/"Email"/"Call", "direction": "inbound"/"outbound", "date", "altId", "conversationProviderId"?, "message"?, "html"?, "subject"?, "emailFrom"?, "emailTo"?, "callFrom"?, "callTo"?, "callStatus"?}` |
| UNREAD | `{"$url": {"contactId", "conversationId", "of …": <id of an inbound message>}}`: the counter less those messages |
| APPOINTMENT | the body of POST /calendars/events/appointments: `{"calendarId", "contactId", "startTime", "endTime", "title", "appointmentStatus", "assignedUserId", "description", "address", "toNotify": false, "ignoreFreeSlotValidation": true, "ignoreDateRange": true}` |
| OBJECT_RECORD | `{"$url": {"schemaKey"}, "customFields": [{"key": <fieldKey>, "value": …}]}` |

`parentId`, `key`, `id`, `contactId` … may be `{"$ref": op_id}` or `{"$ref": op_id, "path": …}` in a plan; ports get them resolved.
A business's custom values are keyed by the field's `fieldKey` (`{"$ref": op_id, "path": "fieldKey"}`); the port drops the object
prefix. MONETORY values of businesses are numbers here; the port writes `{"currency": "default", "value": n}`
when the item says `"dataType": "MONETORY"`.

`Created.answer` holds what references need: pipeline `{"id", "stages": {name: stage id}}`, media `{"id", "url"}`, field
`{"id", "fieldKey", "options": [labels]}`, custom object `{"id", "key", "primaryDisplayProperty"}`, every other kind at least `{"id"}`.
"""

from pb2hl.highlevel.records.appointments import AppointmentPort
from pb2hl.highlevel.records.base import Created, RecordPort
from pb2hl.highlevel.records.businesses import BusinessPort
from pb2hl.highlevel.records.contacts import ContactPort, ContactTagsPort, LinkPort, link, unlink
from pb2hl.highlevel.records.conversations import ConversationPort, MessagePort, UnreadPort
from pb2hl.highlevel.records.fields import FieldPort, FolderPort
from pb2hl.highlevel.records.files import ContactFilePort, MediaPort
from pb2hl.highlevel.records.notes import NotePort
from pb2hl.highlevel.records.objects import ObjectPort, ObjectRecordPort
from pb2hl.highlevel.records.opportunities import OpportunityPort
from pb2hl.highlevel.records.pipelines import PipelinePort
from pb2hl.highlevel.records.relations import RelationPort
from pb2hl.highlevel.records.simple import CalendarPort, TagPort
from pb2hl.highlevel.records.tasks import TaskPort
from pb2hl.operations import Target

PORTS: dict[Target, RecordPort] = {
    Target.OBJECT: ObjectPort(),
    Target.FOLDER: FolderPort(),
    Target.FIELD: FieldPort(),
    Target.TAG: TagPort(),
    Target.PIPELINE: PipelinePort(),
    Target.CALENDAR: CalendarPort(),
    Target.MEDIA: MediaPort(),
    Target.BUSINESS: BusinessPort(),
    Target.CONTACT: ContactPort(),
    Target.CONTACT_TAGS: ContactTagsPort(),
    Target.LINK: LinkPort(),
    Target.FILE: ContactFilePort(),
    Target.OPPORTUNITY: OpportunityPort(),
    Target.NOTE: NotePort(),
    Target.TASK: TaskPort(),
    Target.APPOINTMENT: AppointmentPort(),
    Target.RELATION: RelationPort(),
    Target.CONVERSATION: ConversationPort(),
    Target.MESSAGE: MessagePort(),
    Target.UNREAD: UnreadPort(),
    Target.OBJECT_RECORD: ObjectRecordPort(),
}
"""The port of every kind of record that operations are about."""

__all__ = ["PORTS", "Created", "RecordPort", "link", "unlink"]
