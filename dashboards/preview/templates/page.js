for (const plot of document.querySelectorAll(".plot")) {
  const figure = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
  figure.layout.font.family = getComputedStyle(document.body).fontFamily;
  Plotly.newPlot(plot, figure.data, figure.layout, { displayModeBar: false, responsive: true });
}
for (const entry of document.querySelectorAll(".entry")) {
  entry.addEventListener("click", () => {
    const off = entry.classList.toggle("off");
    Plotly.restyle(entry.closest(".chart").querySelector(".plot"), { visible: !off }, JSON.parse(entry.dataset.traces));
  });
}
document.documentElement.dataset.drawn = "yes";
document.documentElement.dataset.height = Math.ceil(document.body.getBoundingClientRect().height);
