// Runs when Gradio has put the last part of the page in place.
import(new URL("page/app.js", document.baseURI)).then((app) => app.start(() => trigger("sync")));
