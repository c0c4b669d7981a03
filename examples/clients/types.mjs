/**
 * Types of the API by openapi-typescript, with images as Blob: `node types.mjs openapi.yaml > api.ts`.
 *
 * By itself openapi-typescript makes every string a `string`, of whatever format.
 */

import { pathToFileURL } from "node:url";

import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const blob = ts.factory.createTypeReferenceNode("Blob");
const tree = await openapiTS(pathToFileURL(process.argv[2]), {
  transform: (schema) => (schema.format === "binary" ? blob : undefined),
});
process.stdout.write(astToString(tree));
