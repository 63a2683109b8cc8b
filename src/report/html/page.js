// Adds a search field to the table of accounts. Without it the page says the same.
"use strict";
for (const table of document.querySelectorAll(".accounts table")) {
    const field = document.createElement("input");
    field.type = "search";
    field.placeholder = "Search";
    field.setAttribute("aria-label", "Search the accounts");
    const rows = Array.from(table.tBodies[0].rows, (row) => [row, row.textContent.toLowerCase()]);
    field.addEventListener("input", () => {
        const wanted = field.value.trim().toLowerCase();
        for (const [row, text] of rows) row.hidden = !text.includes(wanted);
    });
    table.closest(".scroll").before(field);
}
