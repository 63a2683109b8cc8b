"""Prints what accounts of a CalDAV and CardDAV server hold, an item a line after its account, as icalendar and vobject read it.

Shares nothing with the program: another language, other parsers, another client. What a migration changes on purpose (participants
become lines of the description) is undone here from the properties that keep the originals, so that source and target print the same.
"""

import datetime
import json
import sys
import xml.etree.ElementTree as tree

import icalendar
import requests
import vobject

DAV = "{DAV:}"
base = sys.argv[1]
session = requests.Session()


def propfind(path, depth):
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/></D:prop></D:propfind>'
    answer = session.request("PROPFIND", base + path, data=body, headers={"Depth": str(depth), "Content-Type": "application/xml"})
    answer.raise_for_status()
    found = []
    for response in tree.fromstring(answer.content).iter(DAV + "response"):
        href = response.find(DAV + "href").text
        kinds = {kind.tag.split("}")[1] for kind in response.iter() if kind.tag.startswith("{")}
        found.append((href, kinds))
    return found


def moment(value):
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return "floating " + value.isoformat()
        return value.astimezone(datetime.timezone.utc).isoformat()
    return str(value)


def event(component):
    said = {"kind": component.name, "uid": str(component.get("UID"))}
    for name in ("SUMMARY", "LOCATION", "STATUS", "PRIORITY", "CLASS"):
        if component.get(name) and str(component.get(name)) not in ("PUBLIC", "0"):
            said[name] = str(component.get(name)).strip()
    description = str(component.get("DESCRIPTION") or "")
    people = component.get("ATTENDEE", [])
    people = people if isinstance(people, list) else [people]
    organizer = component.get("ORGANIZER")
    said["people"] = sorted(str(person).lower() for person in people + ([organizer] if organizer else []))
    said["listed"] = "Organizer: " in description or "Participant: " in description
    for mark in ("Organizer: ", "Participant: "):
        at = description.find(mark)
        if at >= 0:
            description = description[:at]
    said["description"] = description.strip()
    for name in ("DTSTART", "DTEND", "DUE", "RECURRENCE-ID"):
        if component.get(name):
            said[name] = moment(component.get(name).dt)
    if component.get("DURATION") and component.get("DTSTART"):
        said["DTEND"] = moment(component.get("DTSTART").dt + component.get("DURATION").dt)
    if component.get("RRULE"):
        said["RRULE"] = sorted(component.get("RRULE").to_ical().decode().upper().split(";"))
    dates = component.get("EXDATE", [])
    dates = dates if isinstance(dates, list) else [dates]
    said["EXDATE"] = sorted(moment(date.dt) for group in dates for date in group.dts)
    said["alarms"] = sorted(str(alarm.get("TRIGGER").to_ical()) for alarm in component.walk("VALARM"))
    categories = component.get("CATEGORIES", [])
    categories = categories if isinstance(categories, list) else [categories]
    said["categories"] = sorted(str(name) for group in categories for name in group.cats)
    attached = component.get("ATTACH", [])
    attached = attached if isinstance(attached, list) else [attached]
    said["attached"] = sorted(str(one.to_ical()) for one in attached)
    return said


def card(one):
    said = {"kind": "VCARD"}
    for child in one.getChildren():
        name = child.name.upper()
        if name.startswith("X-") or name in ("PRODID", "REV", "VERSION"):
            continue
        value = child.value
        value = repr(value) if isinstance(value, bytes) else json.dumps(value) if isinstance(value, list) else str(value)
        said.setdefault(name, []).append(value.strip())
    for values in said.values():
        if isinstance(values, list):
            values.sort()
    return said


# The accounts: name, password, and the paths below which all collections are.
for user, password, homes in json.load(sys.stdin):
    session.auth = (user, password)
    for home in homes:
        for collection, kinds in propfind(home, 1):
            is_calendar, is_book = "calendar" in kinds, "addressbook" in kinds
            if not (is_calendar or is_book) or "schedule-inbox" in kinds:
                continue
            for href, kinds in propfind(collection, 1):
                if "collection" in kinds or href.rstrip("/") == collection.rstrip("/"):
                    continue
                answer = session.get(base + href)
                answer.raise_for_status()
                answer.encoding = "utf-8"
                if is_calendar:
                    for component in icalendar.Calendar.from_ical(answer.text).walk():
                        if component.name in ("VEVENT", "VTODO"):
                            print(user, json.dumps(event(component), sort_keys=True), sep="\t")
                else:
                    print(user, json.dumps(card(vobject.readOne(answer.text)), sort_keys=True), sep="\t")
