function OnStoredInstance(instance, tags, metadata, origin)
  if origin['RemoteAet'] ~= 'COVIDXRAY' and (tags['Modality'] == 'CR' or tags['Modality'] == 'DX') then
    SendToModality(instance, 'covidxray')
  end
end
