"""Exports unlike the shipped one: a vendor's workbook, a document that nests everything, a normalised database."""

from __future__ import annotations

import base64
import json
import sqlite3
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook

LATE = datetime(2025, 3, 10, 8)
SHEETS: dict[str, list[list[Any]]] = {
    "PB_People": [
        ["Perfect Books - People export"], ["Generated 14/11/2025 by admin"], [],
        ["pbk_person_no", "pbk_first", "pbk_surname", "pbk_email_addr", "pbk_phone_1", "pbk_cell", "pbk_account_no", "pbk_owner", "pbk_labels",
         "pbk_dnc", "pbk_created_dt", "pbk_birthday", "pbk_score", "pbk_link", "pbk_colour"],
        ["000123", "Nora", "Quist", "Nora.Quist@Fjord.example", "+47 22 12 34 56", "", "0007", "lars@pb.example", "Gold|Press", "0",
         datetime(2024, 2, 3, 9, 30), date(1985, 5, 17), 3.5, '=HYPERLINK("https://fjord.example/n","card")', "blue"],
        ["000124", "Ole", "Bakke", "ole@fjord.example; ole.bakke@gmail.com", "47 55 12 34 57", "", "7", "Lars Moen", "gold", "1",
         datetime(2024, 2, 4, 9, 30), None, 4, None, "red"],
        ["000125", "Kai", "Lund", "kai.lund@solo.example", "", "+47 912 34 567", None, "nobody@pb.example", None, "0",
         datetime(2024, 2, 5, 9, 30), None, "=SUM(M5:M6)", None, "=O5"],
        ["Total: 3 people"],
    ],
    "PB_Accounts": [
        ["pbk_account_no", "pbk_account_name", "pbk_web", "pbk_parent_account", "pbk_headcount", "pbk_created_dt"],
        ["0007", "Fjord AS", "fjord.example", "0008", 12, datetime(2023, 1, 1)],
        ["0008", "Nordic Group ASA", None, None, 900, datetime(2022, 1, 1)],
    ],
    "PB_Deals": [
        ["Deals"],
        ["pbk_deal_no", "pbk_deal_title", "pbk_person_no", "pbk_account_no", "pbk_board", "pbk_step", "pbk_value", "pbk_ccy", "pbk_state",
         "pbk_close_date", "pbk_owner"],
        ["0501", "Boat", "000123", "0007", "Boats", "Negotiation", 12500.5, "NOK", "Open", "31/12/2025", "lars@pb.example"],
        ["0502", "Dock", "123", "0007", "Boats", "Signed", "1 200,50", "NOK", "Won", "28/02/2025", "Lars Moen"],
        ["0503", "Net", "000125", None, "Service", "Visit", "900", "NOK", "Lost", "01/03/2025", None],
    ],
    "PB_Timeline": [
        ["entry_id", "entry_art", "regarding_type", "regarding_id", "when", "subject", "text", "author", "minutes"],
        ["1", "Call", "Person", "000123", "2025-03-01 10:00", "Intro call", "Spoke about boats", "lars@pb.example", 15],
        ["2", "Email", "Person", "124", "2025-03-02 10:00", "Offer", "<p>See <b>offer</b></p>", "Lars Moen", None],
        ["3", "Meeting", "Deal", "0501", "2025-03-03 10:00", "Yard visit", "walked", "lars@pb.example", 60],
        ["4", "Note", "Account", "0007", "2025-03-04 10:00", "", "Pays late", "lars@pb.example", None],
    ],
    "PB_ToDos": [
        ["todo_no", "todo_title", "todo_due", "todo_done", "regarding_type", "regarding_id", "assigned_to"],
        ["1", "Send contract", LATE, "Y", "Deal", "0501", "lars@pb.example"],
        ["2", "Call back", LATE, "N", "Person", "000124", "Lars Moen"],
        ["3", "Invoice", LATE, "N", "Account", "0008", ""],
    ],
    "PB_Calendar": [
        ["event_no", "event_title", "starts", "ends", "person_no", "repeats", "skip_dates", "assigned_to"],
        ["1", "Weekly sync", "2025-03-03 09:00", "2025-03-03 09:30", "000123", "weekly until 24/03/2025", "2025-03-17", "lars@pb.example"],
        ["2", "Review", "2025-03-05 14:00", "2025-03-05 15:00", "000124", "RRULE:FREQ=MONTHLY;COUNT=2", "", "Lars Moen"],
    ],
    "PB_Staff": [["staff_no", "full_name", "email", "is_active"], ["1", "Lars Moen", "Lars@PB.example", "TRUE"]],
}  # fmt: skip


def vendors_workbook(path: Path) -> Path:
    """Titles, merged cells, a totals line, formulas without values, prefixed headings, ids that lost their zeros, one timeline
    and one to-do list that point to people, deals and accounts alike."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in SHEETS.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
        if len(rows[0]) == 1:
            page.merge_cells("A1:F1")
    book.save(path)
    return path


DOCUMENT = {
    "meta": {"vendor": "Perfect Books", "exportedOn": "2025-06-01"},
    "accounts": [
        {
            "uuid": "a-1", "title": "Lago Srl", "homepage": "https://lago.example", "createdOn": "2024-01-02T10:00:00Z",
            "people": [
                {
                    "uuid": "p-1", "name": {"first": "Rita", "last": "Neri"}, "contactInfo": {"email": "rita@lago.example", "phone": "+39 02 1234567"},
                    "labels": [{"name": "Vip"}, {"name": "Press"}], "optOut": {"email": True, "sms": False}, "createdOn": "2024-01-03T10:00:00Z",
                    "notes": [{"uuid": "n-1", "text": "Met at the fair", "at": "2024-02-01T10:00:00Z"}],
                    "todos": [{"uuid": "t-1", "title": "Call Rita", "dueOn": "2024-03-01T08:00:00Z", "done": False, "assignee": "u-1"}],
                    "extra": {"Shoe size": 39, "Wine": "red"},
                },
                {
                    "uuid": "p-2", "name": {"first": "Ugo", "last": "Blu"}, "contactInfo": {"email": "ugo@lago.example", "phone": ""}, "labels": [],
                    "optOut": {"email": False, "sms": True}, "createdOn": "2024-01-04T10:00:00Z", "notes": [], "todos": [],
                    "extra": {"Shoe size": 44, "Wine": "white"},
                },
            ],
            "deals": [
                {
                    "uuid": "d-1", "title": "Villa", "people": ["p-2", "p-1"], "pipeline": {"name": "Sales", "stage": "Offer"},
                    "amount": {"value": 25000, "currency": "EUR"}, "createdOn": "2024-02-01T10:00:00Z",
                    "notes": [{"uuid": "n-3", "text": "On the deal", "at": "2024-02-05T10:00:00Z"}],
                }
            ],
        },
        {"uuid": "a-2", "title": "Monte SpA", "homepage": None, "createdOn": "2024-01-05T10:00:00Z", "people": [], "deals": []},
    ],
    "staff": [{"uuid": "u-1", "fullName": "Gino Verdi", "mail": "gino@pb.example", "enabled": True}],
}  # fmt: skip


def document(path: Path) -> Path:
    """Accounts that hold people and deals, which hold notes and to-dos."""
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    return path


def database(path: Path) -> Path:
    """Tables called after one record, views, epoch times, phones as floats, two pipelines of one name by id, declared fields by code."""
    with sqlite3.connect(path) as db:
        db.executescript("""
            create table tbl_person (person_id integer primary key, fname text, lname text, mail text, tel real, firm integer, created integer,
              dnc boolean, mail_optout int, cf_vip boolean, cf_level text, cf_hobbies text, cf_budget decimal(10,2), tags text);
            insert into tbl_person values (1,'Ann','Lee','ANN@Lee.example',4165550101.0,10,1700000000000,0,1,1,'Gold','Chess;Tea',1200.5,'A;B|b'),
              (2,'Bob','Ray','bob@ray.example',4165550102.0,10,1700001000000,1,0,0,'Silver','Tea',null,'');
            create table tbl_firm (firm_id integer, title text, www text, parent integer, created text);
            insert into tbl_firm values (10,'Lee Ltd.','lee.example',11,'2023-01-05T10:00:00Z'), (11,'Lee Group',null,null,'2023-01-04T10:00:00Z');
            create table pipeline (pipeline_id int, pipeline_name text);
            insert into pipeline values (1,'Sales'), (2,'Sales');
            create table stage (stage_id int, pipeline_id int, stage_name text, sort int, prob real);
            insert into stage values (1,1,'New',1,0.1), (2,1,'Won',2,1.0), (3,2,'Intro',1,0.2), (4,2,'Lost',2,0);
            create table opportunity (opp_id int, name text, person_id int, firm_id int, pipeline_id int, stage_id int, value numeric, status text);
            insert into opportunity values (1,'One',1,10,1,1,100,'open'), (2,'Two',2,10,2,3,200.25,'open'), (3,'Three',null,11,1,2,5,'won');
            create table users (id int, name text, email text, active int);
            insert into users values (7,'Kim Lee','kim@a.example',1);
            create table notes (id int, entity_type text, entity_id int, body text, author int, created text);
            insert into notes values (1,'person',1,'hello',7,'2024-01-01 10:00:00'), (2,'firm',10,'hi firm',7,'2024-01-02 10:00:00'),
              (3,'opportunity',2,'on deal',7,'2024-01-03 10:00:00');
            create table field_defs (object text, field_name text, label text, type text, options text);
            insert into field_defs values ('person','cf_vip','VIP customer','checkbox',''), ('person','cf_level','Level','picklist','Gold,Silver,Bronze'),
              ('person','cf_hobbies','Hobbies','multi-picklist','Chess;Tea;Go');
            create view v_people as select * from tbl_person;
            create view v_bad as select * from nowhere;
        """)
    return path


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PDF = b"%PDF-1.7\n" + bytes(reversed(range(256))) * 300


def files_in_cells(path: Path) -> Path:
    """A database with BLOBs small and large beside a table of JSON Lines with base64 and data: URIs: no file lies beside them."""
    path.mkdir()
    with sqlite3.connect(path / "crm.db") as db:
        db.executescript("""
            create table contacts (id int, first_name text, last_name text, email text);
            insert into contacts values (1,'Ann','Lee','ann@lee.example'), (2,'Bob','Ray','bob@ray.example');
            create table notes (id int, contact_id int, body text, created_at text);
            insert into notes values (1,1,'see the scan','2024-01-01 10:00:00');
            create table attachments (id int, file_name text, mime_type text, contact_id int, note_id int, file_data blob);
        """)
        rows = [
            (1, "photo.png", "image/png", 1, None, PNG),
            (2, "Contract", "application/pdf", 2, None, PDF),
            (3, "scan.pdf", "", 1, 1, PDF),
        ]
        db.executemany("insert into attachments values (?, ?, ?, ?, ?, ?)", rows)
    more = [
        {"id": 11, "fileName": "cv.pdf", "mimeType": "application/pdf", "contactId": 2, "content": "data:application/pdf;base64," + _b64(PDF[:900])},
        {"id": 12, "fileName": "readme.txt", "mimeType": "text/plain", "contactId": 2, "content": _b64("Grüße an alle".encode())},
        {"id": 13, "fileName": "lost.pdf", "mimeType": "application/pdf", "contactId": 2, "content": "data:application/pdf;base64,%%%"},
    ]  # fmt: skip
    (path / "attachments.jsonl").write_text("\n".join(json.dumps(row) for row in more), encoding="utf-8")
    return path


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def crm_database(path: Path) -> Path:
    """A CRM's own database: every relation in a table of links, e-mail addresses in a book of their own, deleted rows kept."""
    with sqlite3.connect(path) as db:
        db.executescript(CRM)
    return path


CRM = """
create table accounts(id char(36), name varchar, date_entered datetime, date_modified datetime, created_by char, deleted tinyint, assigned_user_id char(36), account_type varchar, industry varchar, annual_revenue varchar, phone_office varchar, billing_address_street varchar, billing_address_city varchar, billing_address_postalcode varchar, billing_address_country varchar, website varchar, employees varchar, parent_id char(36));
insert into accounts values
('11aa-1','Bright Solar Ltd','2023-01-02 10:00:00','2024-01-02 10:00:00','1',0,'u-1','Customer','Energy','100000','(415) 555-0101','1 Main St','Austin','78701','USA','www.brightsolar.example','25',null),
('11aa-2','Harbor Foods Inc','2023-02-02 10:00:00','2024-01-02 10:00:00','1',0,'u-2','Prospect','Food','','(415) 555-0102','2 Dock Rd','Boston','02101','USA','harborfoods.example','','11aa-1'),
('11aa-3','Deleted Corp','2023-02-02 10:00:00','2024-01-02 10:00:00','1',1,'u-2','Prospect','Food','','','','','','','','',null);
create table contacts(id char(36), date_entered datetime, date_modified datetime, deleted tinyint, assigned_user_id char(36), salutation varchar, first_name varchar, last_name varchar, title varchar, department varchar, do_not_call tinyint, phone_home varchar, phone_mobile varchar, phone_work varchar, primary_address_street varchar, primary_address_city varchar, primary_address_state varchar, primary_address_postalcode varchar, primary_address_country varchar, lead_source varchar, reports_to_id char(36), birthdate date, description text);
insert into contacts values
('c-1','2023-01-03 10:00:00','2024-01-02 10:00:00',0,'u-1','Ms.','Mary','Stone','CEO','Mgmt',0,'','(415) 555-0111','','1 Main St','Austin','TX','78701','USA','Web','', '1980-02-03','likes sun'),
('c-2','2023-01-04 10:00:00','2024-01-02 10:00:00',0,'u-2','Mr.','Paul','Reed','Buyer','Sales',1,'','','(415) 555-0112','2 Dock Rd','Boston','MA','02101','USA','Fair','c-1',null,''),
('c-3','2023-01-04 10:00:00','2024-01-02 10:00:00',1,'u-2','Mr.','Gone','Person','','',0,'','','','','','','','','','',null,'');
create table accounts_contacts(id varchar, contact_id varchar, account_id varchar, date_modified datetime, deleted bool);
insert into accounts_contacts values ('ac1','c-1','11aa-1','2024-01-02 10:00:00',0),('ac2','c-2','11aa-2','2024-01-02 10:00:00',0);
create table email_addresses(id char(36), email_address varchar, email_address_caps varchar, invalid_email bool, opt_out bool, date_created datetime, deleted bool);
insert into email_addresses values ('e1','mary@brightsolar.example','MARY@BRIGHTSOLAR.EXAMPLE',0,0,'2023-01-03 10:00:00',0),('e2','paul@harborfoods.example','PAUL@HARBORFOODS.EXAMPLE',0,1,'2023-01-03 10:00:00',0),('e3','info@harborfoods.example','INFO@HARBORFOODS.EXAMPLE',0,0,'2023-01-03 10:00:00',0);
create table email_addr_bean_rel(id char(36), email_address_id char(36), bean_id char(36), bean_module varchar, primary_address bool, deleted bool);
insert into email_addr_bean_rel values ('r1','e1','c-1','Contacts',1,0),('r2','e2','c-2','Contacts',1,0),('r3','e3','11aa-2','Accounts',1,0);
create table opportunities(id char(36), name varchar, date_entered datetime, date_modified datetime, deleted tinyint, assigned_user_id char(36), opportunity_type varchar, lead_source varchar, amount double, currency_id char, date_closed date, next_step varchar, sales_stage varchar, probability double);
insert into opportunities values ('o-1','Roof panels','2024-01-03 10:00:00','2024-01-05 10:00:00',0,'u-1','New Business','Web',25000.5,'-99','2025-05-01','call','Proposal/Price Quote',65),('o-2','Cold store','2024-02-03 10:00:00','2024-01-05 10:00:00',0,'u-2','Existing Business','Fair',12000,'-99','2025-06-01','','Closed Won',100);
create table accounts_opportunities(id varchar, opportunity_id varchar, account_id varchar, date_modified datetime, deleted bool);
insert into accounts_opportunities values ('ao1','o-1','11aa-1','2024-01-02 10:00:00',0),('ao2','o-2','11aa-2','2024-01-02 10:00:00',0);
create table opportunities_contacts(id varchar, contact_id varchar, opportunity_id varchar, contact_role varchar, deleted bool);
insert into opportunities_contacts values ('oc1','c-1','o-1','Decision Maker',0),('oc2','c-2','o-2','',0);
create table calls(id char(36), name varchar, date_entered datetime, description text, deleted tinyint, assigned_user_id char(36), duration_hours int, duration_minutes int, date_start datetime, date_end datetime, parent_type varchar, status varchar, parent_id char(36), direction varchar);
insert into calls values ('k-1','Intro','2024-01-03 10:00:00','spoke of panels',0,'u-1',0,15,'2024-01-04 10:00:00','2024-01-04 10:15:00','Accounts','Held','11aa-1','Outbound');
create table calls_contacts(id varchar, call_id varchar, contact_id varchar, accept_status varchar, deleted bool);
insert into calls_contacts values ('kc1','k-1','c-1','accept',0);
create table tasks(id char(36), name varchar, date_entered datetime, description text, deleted tinyint, assigned_user_id char(36), status varchar, date_due datetime, date_start datetime, parent_type varchar, parent_id char(36), contact_id char(36), priority varchar);
insert into tasks values ('t-1','Send quote','2024-01-03 10:00:00','soon',0,'u-1','Not Started','2025-01-10 10:00:00',null,'Opportunities','o-1','c-1','High');
create table notes(id char(36), name varchar, date_entered datetime, assigned_user_id char(36), deleted tinyint, file_mime_type varchar, filename varchar, parent_type varchar, parent_id char(36), contact_id char(36), description text);
insert into notes values ('n-1','Visit','2024-01-05 10:00:00','u-1',0,null,null,'Accounts','11aa-1','c-1','Nice roof, south side');
create table users(id char(36), user_name varchar, first_name varchar, last_name varchar, is_admin bool, status varchar, deleted bool, email1 varchar);
insert into users values ('u-1','ann','Ann','Agent',1,'Active',0,'ann@agency.example'),('u-2','ben','Ben','Broker',0,'Active',0,'ben@agency.example');
"""
