"""Two exports of every object: one that passes every rule of the shipped before-suites, one that breaks every rule it can."""

from __future__ import annotations

import json
from pathlib import Path

GOOD = {
    "users.csv": "ID,Name,Email,Active\nu1,Ann Li,ann@firm.example,yes\nu2,Bo Ray,bo@firm.example,yes\n",
    "companies.csv": "Company ID,Company Name,Website,Phone,Email,Country,Employees,Parent ID,Owner,Tags,Sector,Created,Updated\n"
    "c1,Acme Ltd,https://acme.example,613-237-5000,info@acme.example,Canada,12,c2,u1,VIP,Steel,2026-10-01,2026-10-02\n"
    "c2,Bolt Inc,https://bolt.example,613-237-5001,info@bolt.example,Canada,9,c1,u2,Lead,Wood,2026-10-01,2026-10-02\n",
    "contacts.csv": "ID,First Name,Last Name,Email,Email 2,Phone,Mobile,Company ID,Country,Website,Birthday,Time Zone,Owner,Tags,"
    "Do Not Contact,Email Opt-Out,SMS Opt-Out,Tier,Created,Updated\n"
    "1,Jane,Roe,jane@acme.example,jr@home.example,613-237-5002,613-237-5003,c1,Canada,https://jane.example,1980-02-01,America/Toronto,u1,VIP,no,no,yes,Gold,2026-10-01,2026-10-02\n"
    "2,Joe,Day,joe@bolt.example,jd@home.example,613-237-5004,613-237-5005,c2,Canada,https://joe.example,1981-02-01,America/Toronto,u2,Lead,yes,no,no,Basic,2026-10-01,2026-10-02\n",
    "pipelines.csv": "Pipeline,Stage,Position,Probability,Outcome\nSales,New,1,10,open\nSales,Won,2,100,won\n",
    "deals.csv": "Deal ID,Deal Name,Contact ID,Contact Email,Company ID,Pipeline,Stage,Status,Amount,Currency,Probability,Expected Close,Closed Date,Owner,Tags,Depth,Created,Updated\n"
    "d1,Roof,1,jane@acme.example,c1,Sales,New,open,1000.00,CAD,10%,2026-12-01,2026-12-02,u1,VIP,Deep,2026-10-01,2026-10-02\n"
    "d2,Floor,2,joe@bolt.example,c2,Sales,Won,won,500.50,CAD,100%,2026-11-01,2026-11-02,u2,Lead,Flat,2026-10-01,2026-10-02\n",
    "tasks.csv": "Task ID,Title,Due Date,Completed,Completed On,Contact ID,Company ID,Deal ID,Owner,Created,Updated\n"
    "t1,Call,2026-12-01 09:00,no,,1,c1,d1,u1,2026-10-01,2026-10-02\nt2,Write,2026-12-02 09:00,yes,2026-10-05 10:00,2,c2,d2,u2,2026-10-01,2026-10-02\n",
    "notes.csv": "Note ID,Body,Contact ID,Company ID,Deal ID,Author,Created,Updated\n"
    "n1,She called us today,1,c1,d1,u1,2026-10-01,2026-10-02\nn2,He will write soon,2,c2,d2,u2,2026-10-01,2026-10-02\n",
    "appointments.csv": "Appointment ID,Title,Start,End,Time Zone,Contact ID,Company ID,Deal ID,Owner,Created,Updated\n"
    "a1,Visit,2026-12-01 09:00,2026-12-01 10:00,America/Toronto,1,c1,d1,u1,2026-10-01,2026-10-02\n"
    "a2,Demo,2026-12-02 09:00,2026-12-02 10:00,America/Toronto,2,c2,d2,u2,2026-10-01,2026-10-02\n",
    "activities.csv": "Activity ID,Type,Direction,Subject,Body,Date,Duration (min),Contact ID,Company ID,Deal ID,Owner\n"
    "v1,call,inbound,Price,We talked,2026-10-01 09:00,5,1,c1,d1,u1\nv2,email,outbound,Offer,We wrote,2026-10-02 09:00,7,2,c2,d2,u2\n",
    "tags.csv": "Tag Name,Group\nVIP,Kind\nLead,Kind\n",
    "custom_fields.csv": "Object,Name,Label,Type,Options,Deprecated\ncontacts,tier,Tier,picklist,Gold|Basic,N\n"
    "companies,sector,Sector,picklist,Steel|Wood,N\ndeals,depth,Depth,picklist,Deep|Flat,N\n",
    "attachments.csv": "File ID,File Name,Path,Size,Contact ID,Company ID,Deal ID,Note ID\n"
    "f1,a.txt,files/a.txt,5,1,c1,d1,n1\nf2,b.txt,files/b.txt,5,2,c2,d2,n2\n",
    "workflows.json": json.dumps(
        [
            {
                "name": "Welcome",
                "kind": "workflow",
                "trigger": "Contact created",
                "steps": ["Send an e-mail"],
                "active": True,
            }
        ]
    ),
    "trust_accounts.csv": "id,name,bank_balance\nT-1,General trust,1500.00\n",
    "trust_transactions.csv": "id,account,client,matter,date,kind,amount,bank_amount\n"
    "x1,T-1,1,d1,2026-01-05,deposit,1000.00,1000.00\nx2,T-1,2,d2,2026-01-06,deposit,500.00,500.00\n",
    "time_entries.csv": "id,matter,timekeeper,date,hours,rate,amount\ne1,d1,u1,2026-01-05,2,300,600\ne2,d2,u1,2026-01-06,1,300,300\n",
    "rates.csv": "timekeeper,hourly_rate,effective_from,effective_to\nu1,300,2026-01-01,2026-12-31\n",
}
"""File name → text. The newest record is of October 2026, the owners are u1 and u2, the stages New and Won of Sales."""

MORE = {
    "users.csv": ",Cy Fox,not-an-address,yes\nu1,Di Wu,,yes\n",
    "companies.csv": ",,not a site,12,@@,Nowhereland,many,c9,ghost,vip,Glass,notadate,notadate\nc1,Other Ltd,,,,,,,,,,2026-10-09,2026-10-01\nc4,Late Ltd,,,,,,,,,,2031-01-01,\n",
    "contacts.csv": ",No,Way,not-an-address,@@,12,12,c9,Nowhereland,not a site,notadate,Mars/Base,ghost,vip,maybe,perhaps,dunno,Tin,notadate,notadate\n"
    "1,Other,Person,,,,,,,,,,,,,,,,2026-10-09,2026-10-01\n5,Late,Comer,late@x.example,,,,,,,,,,,,,,,2031-01-01,\n",
    "pipelines.csv": "Sales,New,3,often,open\n,Lost,4,150,lost\nSales,,5,20,open\n",
    "deals.csv": ",Odd,99,nobody@x.example,c9,Sales,Odd,open,lots,dollars,often,notadate,notadate,ghost,vip,Wide,notadate,notadate\n"
    "d1,Other,,,,,,,-5,,150%,,,,,,2026-10-09,2026-10-01\nd5,Late,,,,,,,,,,,,,,,2031-01-01,\n",
    "tasks.csv": ",,notadate,perhaps,notadate,99,c9,d9,ghost,notadate,notadate\nt1,Other,,,,,,,,2026-10-09,2026-10-01\nt5,Late,,,,,,,,2031-01-01,\n",
    "notes.csv": ",,99,c9,d9,ghost,notadate,notadate\nn1,Other,,,,,2026-10-09,2026-10-01\nn5,Late,,,,,2031-01-01,\n",
    "appointments.csv": ",Odd,notadate,notadate,Mars/Base,99,c9,d9,ghost,notadate,notadate\na1,Other,2026-12-03 09:00,2026-12-03 08:00,,,,,,2026-10-09,2026-10-01\n"
    "a5,Late,2026-12-04 09:00,,,,,,,2031-01-01,\n",
    "activities.csv": ",call,inbound,Odd,Odd,notadate,long,99,c9,d9,ghost\nv1,call,inbound,Other,Other,2026-10-03 09:00,5,,,,\nTotal,5 activities,,,,,,,,,\n",
    "tags.csv": "VIP,Other\n,Kind\n",
    "custom_fields.csv": ",stray,Stray,text,,N\ncontacts,,,text,,N\n",
    "attachments.csv": ",c.txt,files/c.txt,5,99,c9,d9,n9\nf1,big.bin,files/big.bin,5,,,,\n",
    "trust_accounts.csv": "T-2,Empty trust,77.00\nT-1,Twin trust,5\n,Unnamed trust,\n",
    "trust_transactions.csv": "x1,T-9,99,d9,notadate,deposit,lots,10.00\n,T-1,1,d1,2026-01-07,deposit,5.00,4.00\n",
    "time_entries.csv": "e1,d9,ghost,2026-01-05,30,300,600\n,d1,u1,2026-01-06,1,200,200\n",
    "rates.csv": "u1,310,2026-06-01,2026-12-31\nghost,,2026-01-01,\n",
}
"""Rows that are added to the good ones for the bad export."""


def write(folder: Path, *, bad: bool) -> Path:
    """The export in `folder`; the bad one also has a file that is too big, a file that is missing and a workflow without steps."""
    (folder / "files").mkdir(parents=True)
    for name, text in GOOD.items():
        (folder / name).write_text(text + (MORE.get(name, "") if bad else ""))
    for name in ("a.txt", "b.txt"):
        (folder / "files" / name).write_text("hello")
    if bad:
        with (folder / "files" / "big.bin").open("wb") as big:
            big.truncate(26 * 1024 * 1024)  # a sparse file
        flows = [
            *json.loads(GOOD["workflows.json"]),
            {"name": "", "kind": "workflow", "trigger": "", "steps": "{", "active": True},
        ]
        (folder / "workflows.json").write_text(json.dumps(flows))
    return folder
