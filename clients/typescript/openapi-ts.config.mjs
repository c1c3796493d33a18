export default ["items", "partner", "store"].map((name) => ({
  input: `../../docs/api/${name}.openapi.json`,
  output: { path: `src/${name}`, module: { extension: ".js" } },
  plugins: ["@hey-api/client-fetch"],
  logs: { file: false, level: "warn" },
}));
