"""/docs in Chromium with the network cut: an engineer reads, gives a key, and tries an operation."""

from __future__ import annotations

import uuid

from tests.browser import browsing

POST_GREEN = (73, 204, 144)  # what Swagger UI paints a POST in


def test_an_operation_is_tried(standing_sqlite, tmp_path):
    device = f"D-{uuid.uuid4().hex[:8]}"
    body = f'{{"deviceId":"{device}","eventType":"powerOutage","eventDateTime":"2026-03-01T10:00:00Z"}}'
    with browsing(tmp_path / "profile") as page:
        page.call("Page.navigate", url=f"{standing_sqlite.url}/docs#/end-device-events/create-end-device-events")
        page.click(".auth-wrapper .btn.authorize")
        page.type("#api_key_value", standing_sqlite.key)
        page.click(".auth-btn-wrapper .btn.authorize")
        page.click(".auth-btn-wrapper .btn-done")
        operation = "#operations-end-device-events-create-end-device-events"
        page.until(f"!!document.querySelector('{operation} textarea')")
        page.run(f"document.querySelector('{operation} textarea').select()")
        page.type(f"{operation} textarea", body)
        page.click(f"{operation} .btn.execute")
        answer = f"{operation} .live-responses-table tbody .response-col_status"
        assert page.until(f"document.querySelector('{answer}')?.innerText").split()[0] == "201"
        page.run(f"document.querySelector('{operation}').scrollIntoView()")
        colours = page.screenshot(tmp_path / "docs.png")
        assert colours[POST_GREEN] > 1_000, "the operation is shown as what it is"
        assert len(colours) > 100, "text and frames are drawn"
        elsewhere = "fetch('http://192.0.2.1/').then(() => 'reached', () => 'cut off')"
        requests, complaints = list(page.requests), list(page.complaints)
        assert page.run(elsewhere) == "cut off"
    assert complaints == []
    assert {url for url in requests if not url.startswith(("data:", f"{standing_sqlite.url}/"))} <= {"about:blank"}
    with standing_sqlite.client() as client:
        (event,) = client.get("/end-device-events", params={"meter": device}).json()["events"]
    assert event["eventType"] == "powerOutage"
